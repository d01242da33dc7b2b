const LONGEST = 60_000; // ms until a date: the clock may be wrong by hours

/** Retry-After in milliseconds: seconds or a date; undefined where it is neither. */
export function parseRetryAfter(value: string | null): number | undefined {
  if (!value) return undefined;
  const ms = Number(value) * 1000;
  const left = ms >= 0 ? ms : Math.min(Date.parse(value) - Date.now(), LONGEST);
  return left >= 0 ? left : undefined;
}
