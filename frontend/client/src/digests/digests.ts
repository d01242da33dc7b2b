import { sleep } from "../async/sleep";
import { fileChanged } from "../model/errors";
import type { Algorithm } from "./hash";

type WorkerReply = { values: string[] } | { failed: string };

/**
 * A digest of `file` in base64, computed by a worker, so that the page stays usable; on the page itself if no worker starts
 * (another origin, a strict policy, a bundler that lost it). Rejects with `file_changed` when the file cannot be read, or the
 * signal's reason.
 */
export async function computeDigest(file: Blob, algorithm: Algorithm, signal: AbortSignal): Promise<string> {
  const [value = ""] = await computeDigests([file], algorithm, signal);
  return value;
}

/** The digests of several blobs, in their order, by one worker; like `computeDigest`. */
export async function computeDigests(
  blobs: Blob[],
  algorithm: Algorithm,
  signal: AbortSignal,
): Promise<string[]> {
  signal.throwIfAborted();
  return (await inWorker(blobs, algorithm, signal)) ?? onPage(blobs, algorithm, signal);
}

function inWorker(blobs: Blob[], algorithm: Algorithm, signal: AbortSignal): Promise<string[] | null> {
  const worker = startWorker();
  if (!worker) return Promise.resolve(null);
  const reply = new Promise<string[] | null>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.onerror = () => resolve(null);
    worker.onmessage = ({ data }: MessageEvent<WorkerReply>) =>
      "values" in data ? resolve(data.values) : reject(fileChanged(data.failed));
    worker.postMessage({ blobs, algorithm });
  });
  return reply.finally(() => worker.terminate());
}

function startWorker(): Worker | null {
  try {
    return new Worker(new URL("./sha256.worker.js", import.meta.url), { type: "module" });
  } catch {
    return null;
  }
}

async function onPage(blobs: Blob[], algorithm: Algorithm, signal: AbortSignal): Promise<string[]> {
  const { digest } = await import("./hash");
  const values: string[] = [];
  for (const blob of blobs) {
    await sleep(0, signal);
    values.push(await digest(blob, algorithm).catch((cause) => Promise.reject(fileChanged(cause))));
  }
  return values;
}
