const MANY = 100; // items from which on the page is told less often
const PAUSE = 100; // ms
const MOMENT = 2000; // ms

/** Runs `draw` with the next frame, once for any number of calls; not while nobody looks at the page. */
export function perFrame(draw: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/**
 * Calls `look` now, when the page comes into sight again, and a moment after each: another tab, or this one before it was loaded
 * again, lets go of what it worked on only then. The answer ends it.
 */
export function whileSeen(look: () => void): () => void {
  let later: ReturnType<typeof setTimeout>;
  const seen = () => {
    if (document.visibilityState !== "visible") return;
    look();
    clearTimeout(later);
    later = setTimeout(look, MOMENT);
  };
  seen();
  document.addEventListener("visibilitychange", seen);
  return () => {
    clearTimeout(later);
    document.removeEventListener("visibilitychange", seen);
  };
}

/** Runs `work` soon, once for any number of calls; ten times a second where there are many items. Hidden pages too. */
export function soon(work: () => void, size: () => number): () => void {
  let asked = false;
  const run = () => {
    asked = false;
    work();
  };
  return () => {
    if (asked) return;
    asked = true;
    if (size() > MANY) setTimeout(run, PAUSE);
    else queueMicrotask(run);
  };
}
