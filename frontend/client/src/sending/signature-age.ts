const FRESH = 30_000; // ms for which a new signature is used without comparing clocks, which may be wrong
const MARGIN = 10_000; // ms before its expiry from which a signature is not used any more

/** Whether a signature received at `since` (ms since the epoch) is probably valid. S3 has the last word. */
export function isUsable({ expires_at }: { expires_at: string }, since: number): boolean {
  const now = Date.now();
  return now - since < FRESH || now < Date.parse(expires_at) - MARGIN;
}
