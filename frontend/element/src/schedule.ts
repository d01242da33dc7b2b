const MANY = 100; // items from which on the page is told less often
const PAUSE = 100; // ms

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
