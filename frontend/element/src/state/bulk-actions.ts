import type { Totals } from "./totals";

/** What can be done to all files at once. */
export type BulkAction = "pauseAll" | "resumeAll" | "retryAll" | "removeFailed" | "cancelAll" | "clear";

const OFFERED: Record<BulkAction, (totals: Totals) => boolean> = {
  pauseAll: ({ moving }) => moving > 0,
  resumeAll: ({ moving, paused }) => moving === 0 && paused > 0,
  retryAll: ({ retryable }) => retryable > 0,
  removeFailed: ({ failed }) => failed > 0,
  cancelAll: ({ moving, paused }) => moving + paused > 0,
  clear: ({ moving, paused }) => moving + paused === 0,
};

/** In the order in which they are shown. */
export const BULK_ACTIONS = Object.keys(OFFERED) as BulkAction[];

/** Whether there is a file that it would do something to. */
export function isOffered(what: BulkAction, totals: Totals): boolean {
  return OFFERED[what](totals);
}
