/** An AbortController that is also aborted when `outer` is; call `release` when it is no longer needed. */
export function linked(outer: AbortSignal): { controller: AbortController; release: () => void } {
  const controller = new AbortController();
  const follow = () => controller.abort(outer.reason);
  if (outer.aborted) follow();
  outer.addEventListener("abort", follow, { once: true });
  return { controller, release: () => outer.removeEventListener("abort", follow) };
}
