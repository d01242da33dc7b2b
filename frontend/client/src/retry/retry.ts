import { sleep } from "../async/sleep";
import { asValetKeyError, type ValetKeyError } from "../model/errors";
import { isOnline, waitUntilOnline } from "./network";

/** How often failed requests are retried. All times in milliseconds. */
export interface RetryPolicy {
  /** the first delay, roughly; each further one may be twice as long (500) */
  delay: number;
  /** the longest delay (20,000); a longer Retry-After is respected */
  maxDelay: number;
  /** how long one step may keep failing before the upload fails (600,000); time offline does not count */
  patience: number;
}

export const DEFAULT_RETRY: RetryPolicy = { delay: 500, maxDelay: 20_000, patience: 600_000 };

const BUSY = 2; // delays before an overloaded storage is asked again

/** Why nothing is sent at the moment. */
export interface Waiting {
  reason: "offline" | "retry";
  /** what failed; unset while offline without a failure */
  error?: ValetKeyError;
  /** how often this step has failed in a row */
  attempt: number;
  /** when the next attempt is made, in milliseconds since the epoch; unset while offline */
  until?: number;
}

export interface RetryOptions {
  policy: RetryPolicy;
  signal: AbortSignal;
  /** called when waiting begins; the function that it returns is called when waiting ends */
  onWait(waiting: Waiting): () => void;
}

/**
 * Repeats `attempt` until it succeeds, fails with an error that is not retryable, or has failed for longer than `patience`.
 *
 * Between attempts it waits with jitter, at least as long as the other side asked for; offline it waits for a network,
 * which does not count. Throws the last `ValetKeyError`, or the signal's reason.
 */
export async function withRetry<T>(
  attempt: () => Promise<T>,
  { policy, signal, onWait }: RetryOptions,
): Promise<T> {
  let failures = 0;
  let spent = 0;
  for (;;) {
    signal.throwIfAborted();
    const began = Date.now();
    try {
      return await attempt();
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asValetKeyError(thrown);
      if (!error.retryable) throw error;
      if (!isOnline()) {
        await during(onWait({ reason: "offline", error, attempt: failures }), waitUntilOnline(signal));
        failures = 0;
        continue;
      }
      // a laptop may have slept meanwhile
      spent = failures++ ? spent + Math.min(Date.now() - began, policy.patience / 4) : 0;
      if (failures >= (error.tries as number)) throw error; // never, if it is undefined
      const busy = error.meaning === "wait" ? policy.delay * BUSY : 0;
      const delay = backoff(failures, policy, error.retryAfter ?? busy);
      const until = Date.now() + delay;
      spent += delay;
      if (spent > policy.patience) throw error;
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
