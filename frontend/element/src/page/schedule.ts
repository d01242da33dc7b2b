const MANY = 100; // items from which on events are less frequent
const PAUSE = 100; // ms
const MOMENT = 2000; // ms

/** Runs `draw` with the next frame, once for any number of calls; not while the page is hidden. */
export function oncePerFrame(draw: () => void): () => void {
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
 * Calls `look` now, whenever the page becomes visible, and a moment after each: another tab, or this one before a reload,
 * releases its uploads only then. The returned function ends it.
 */
export function whileVisible(look: () => void): () => void {
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

/** Runs `work` soon, once for any number of calls, in hidden pages too; at most ten times a second if there are many items. */
export function coalesced(work: () => void, size: () => number): () => void {
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
