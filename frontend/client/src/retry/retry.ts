import { sleep } from "../async/sleep";
import { typed, type ValetKeyError } from "../model/errors";
import { isOnline, untilOnline } from "./network";

/** How failures that may pass are met. All times in milliseconds. */
export interface RetryPolicy {
  /** about the first wait; each further one may be twice as long (500) */
  delay: number;
  /** the longest wait that we choose ourselves (20,000); a longer Retry-After is kept */
  maxDelay: number;
  /** how long one step may fail, without a success between, before the upload does (600,000); time offline is free */
  patience: number;
}

export const DEFAULT_RETRY: RetryPolicy = { delay: 500, maxDelay: 20_000, patience: 600_000 };

const BUSY = 2; // delays that a storage with too much to do is left alone

/** Why nothing moves at the moment. */
export interface Waiting {
  reason: "offline" | "retry";
  /** what failed; not there when we are just offline */
  error?: ValetKeyError;
  /** how often this step has failed in a row */
  attempt: number;
  /** when the next attempt is made, in milliseconds since the epoch; not there while offline */
  until?: number;
}

export interface Persistence {
  policy: RetryPolicy;
  signal: AbortSignal;
  /** told when waiting begins; the function that it gives back, when it ends */
  onWait(waiting: Waiting): () => void;
}

/**
 * Does `attempt` until it succeeds, fails for good, or has failed for longer than the policy's patience.
 *
 * Between attempts it waits with full jitter, at least as long as the other side asked for; offline, until we are online,
 * without counting. Throws the last `ValetKeyError`, or the signal's reason.
 */
export async function persist<T>(
  attempt: () => Promise<T>,
  { policy, signal, onWait }: Persistence,
): Promise<T> {
  let failures = 0;
  let since = 0;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (thrown) {
      signal.throwIfAborted();
      const error = typed(thrown);
      if (!error.retryable) throw error;
      if (!isOnline()) {
        await during(onWait({ reason: "offline", error, attempt: failures }), untilOnline(signal));
        failures = 0;
        continue;
      }
      if (failures++ === 0) since = Date.now();
      if (failures >= error.tries) throw error;
      const busy = error.meaning === "wait" ? policy.delay * BUSY : 0;
      const delay = backoff(failures, policy, error.retryAfter ?? busy);
      const until = Date.now() + delay;
      if (until - since > policy.patience) throw error;
      await during(onWait({ reason: "retry", error, attempt: failures, until }), sleep(delay, signal));
    }
  }
}

/** Milliseconds before the attempt after the `failures`-th failure. */
export function backoff(failures: number, policy: RetryPolicy, asked = 0): number {
  const ceiling = Math.min(policy.maxDelay, policy.delay * 2 ** (failures - 1));
  const own = ceiling * (0.5 + Math.random() / 2);
  return Math.max(own, asked + Math.random() * Math.min(asked, policy.delay));
}

async function during(end: () => void, wait: Promise<void>): Promise<void> {
  try {
    await wait;
  } finally {
    end();
  }
}
