const FRESH = 30_000; // ms after its arrival that a signature is used without a look at the clock, which may be wrong
const MARGIN = 10_000; // ms before its end in which a signature is not used any more

/** Whether a signature that came at `since` (ms since the epoch) is worth trying. S3 has the last word. */
export function usable({ expires_at }: { expires_at: string }, since: number): boolean {
  const now = Date.now();
  return now - since < FRESH || now < Date.parse(expires_at) - MARGIN;
}
