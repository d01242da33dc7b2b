import { linked } from "../async/abort";
import { sleep } from "../async/sleep";

const LONGEST = 15_000; // ms: some systems never fire `online`, and some say offline where there is a network

/** Whether the browser has a network; true where it cannot tell (Node). */
export function isOnline(): boolean {
  return globalThis.navigator?.onLine !== false;
}

/** Resolves when the browser has a network again, or after a while, since it may be wrong; rejects with the signal's reason. */
export async function waitUntilOnline(signal: AbortSignal): Promise<void> {
  const { controller, release } = linked(signal);
  const wake = () => controller.abort();
  globalThis.addEventListener?.("online", wake);
  await sleep(LONGEST, controller.signal).catch(() => {});
  globalThis.removeEventListener?.("online", wake);
  release();
  signal.throwIfAborted();
}
