import { linked } from "../async/abort";
import { sleep } from "../async/sleep";

const POLL_EVERY = 15_000; // ms: some systems never fire `online`

/** Whether the browser has a network; true where it cannot tell (Node). */
export function isOnline(): boolean {
  return globalThis.navigator?.onLine !== false;
}

/** Resolves when there is a network again; rejects with the signal's reason. */
export async function waitUntilOnline(signal: AbortSignal): Promise<void> {
  while (!isOnline()) {
    const { controller, release } = linked(signal);
    const wake = () => controller.abort();
    globalThis.addEventListener?.("online", wake);
    await sleep(POLL_EVERY, controller.signal).catch(() => {});
    globalThis.removeEventListener?.("online", wake);
    release();
    signal.throwIfAborted();
  }
}
