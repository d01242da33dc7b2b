import { fileChanged } from "./answers";
import { sleep } from "./sleep";

type Answer = { value: string } | { failed: string };

/**
 * The SHA-256 of `file` in base64, by a worker, so that the page stays usable; on the page itself where no worker can be had
 * (another origin, a strict policy, a bundler that lost it). Rejects with `file_changed` when the file cannot be read, or the
 * signal's reason.
 */
export async function sha256(file: Blob, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  return (await inWorker(file, signal)) ?? onPage(file, signal);
}

function inWorker(file: Blob, signal: AbortSignal): Promise<string | null> {
  const worker = start();
  if (!worker) return Promise.resolve(null);
  const answered = new Promise<string | null>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.onerror = () => resolve(null);
    worker.onmessage = ({ data }: MessageEvent<Answer>) =>
      "value" in data ? resolve(data.value) : reject(fileChanged(data.failed));
    worker.postMessage(file);
  });
  return answered.finally(() => worker.terminate());
}

function start(): Worker | null {
  try {
    return new Worker(new URL("./sha256.worker.js", import.meta.url), { type: "module" });
  } catch {
    return null;
  }
}

async function onPage(file: Blob, signal: AbortSignal): Promise<string> {
  await sleep(0, signal);
  const { digest } = await import("./sha256");
  return digest(file).catch((cause) => Promise.reject(fileChanged(cause)));
}
