import type { Algorithm } from "./hash";

/** The digests, or why a blob could not be read. */
export type Digests = { values: string[] } | { failed: unknown };

/**
 * Computes digests of several blobs in base64, in their order, by a worker, so that the page stays usable; on the page itself if no
 * worker starts (another origin, a strict policy, a bundler that lost it). Rejects with the signal's reason. It is rarely needed, so
 * it is imported then, and shares nothing with the rest.
 */
export async function digestsOf(blobs: Blob[], algorithm: Algorithm, signal: AbortSignal): Promise<Digests> {
  return (await inWorker(blobs, algorithm, signal)) ?? onPage(blobs, algorithm, signal);
}

function inWorker(blobs: Blob[], algorithm: Algorithm, signal: AbortSignal): Promise<Digests | null> {
  const worker = startWorker();
  if (!worker) return Promise.resolve(null);
  const reply = new Promise<Digests | null>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.onerror = () => resolve(null);
    worker.onmessage = ({ data }: MessageEvent<Digests>) => resolve(data);
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

async function onPage(blobs: Blob[], algorithm: Algorithm, signal: AbortSignal): Promise<Digests> {
  const { digest } = await import("./hash");
  const values: string[] = [];
  for (const blob of blobs) {
    await new Promise((resolve) => setTimeout(resolve)); // the page has its turn
    signal.throwIfAborted();
    try {
      values.push(await digest(blob, algorithm));
    } catch (failed) {
      return { failed };
    }
  }
  return { values };
}
