/**
 * An AbortController that is also aborted when `outer` is, and after `ms` milliseconds, if given; call `release` when it is no longer
 * needed.
 */
export function linked(
  outer: AbortSignal,
  ms?: number,
): { controller: AbortController; release: () => void } {
  const controller = new AbortController();
  const follow = () => controller.abort(outer.reason);
  const timer = ms && setTimeout(() => controller.abort(), ms);
  if (outer.aborted) follow();
  outer.addEventListener("abort", follow, { once: true });
  const release = () => {
    clearTimeout(timer);
    outer.removeEventListener("abort", follow);
  };
  return { controller, release };
}

/** A signal that is never aborted. */
export const NEVER: AbortSignal = new AbortController().signal;
