import type { Item } from "./item";

/** The sums over all items. */
export interface Totals {
  count: number;
  confirmed: number;
  failed: number;
  moving: number;
  paused: number;
  retryable: number;
  /** bytes of those that are running, paused or confirmed */
  total: number;
  sent: number;
  /** bytes per second */
  speed: number;
}

/** Adds all items up. */
export function totalsOf(items: readonly Item[]): Totals {
  const totals: Totals = {
    count: items.length,
    confirmed: 0,
    failed: 0,
    moving: 0,
    paused: 0,
    retryable: 0,
    total: 0,
    sent: 0,
    speed: 0,
  };
  for (const item of items) count(item, totals);
  return totals;
}

function count(item: Item, totals: Totals): void {
  const { state, snapshot } = item;
  if (state === "confirmed") totals.confirmed++;
  if (item.failed) totals.failed++;
  if (item.moving) totals.moving++;
  if (state === "paused") totals.paused++;
  if (item.retryable) totals.retryable++;
  if (!item.open && state !== "confirmed") return;
  totals.total += item.size;
  totals.sent += item.sent;
  if (item.moving) totals.speed += snapshot?.progress.speed ?? 0;
}
