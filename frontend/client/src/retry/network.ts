import { sleep } from "../async/sleep";

const LOOK_EVERY = 15_000; // ms: some systems never tell

/** Whether the browser believes that it has a network. Where nobody knows (Node), we are online. */
export function isOnline(): boolean {
  return globalThis.navigator?.onLine !== false;
}

/** Resolves when there is a network again; rejects with the signal's reason. */
export async function untilOnline(signal: AbortSignal): Promise<void> {
  while (!isOnline()) {
    const woken = new AbortController();
    const wake = () => woken.abort();
    globalThis.addEventListener?.("online", wake);
    signal.addEventListener("abort", wake);
    await sleep(LOOK_EVERY, woken.signal).catch(() => {});
    globalThis.removeEventListener?.("online", wake);
    signal.removeEventListener("abort", wake);
    signal.throwIfAborted();
  }
}
