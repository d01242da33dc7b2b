import { type Algorithm, digest } from "./hash";

/** Computes the digests of the blobs in each message. */
addEventListener("message", async ({ data }: MessageEvent<{ blobs: Blob[]; algorithm: Algorithm }>) => {
  try {
    const values: string[] = [];
    for (const blob of data.blobs) values.push(await digest(blob, data.algorithm));
    postMessage({ values });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
});
