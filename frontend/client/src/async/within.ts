import { linked } from "./abort";
import { sleep } from "./sleep";

/**
 * What `work` gives; what `late` does if it has given nothing after `ms` milliseconds: reject, unless told otherwise. Rejects with
 * the signal's reason as soon as that is aborted.
 */
export async function within<T, L = never>(
  work: T | Promise<T>,
  ms: number,
  signal: AbortSignal,
  late: () => L = noAnswer,
): Promise<T | L> {
  const { controller, release } = linked(signal);
  try {
    return await Promise.race([work, sleep(ms, controller.signal).then(late)]);
  } finally {
    controller.abort();
    release();
  }
}

function noAnswer(): never {
  throw new Error("There is no answer.");
}
