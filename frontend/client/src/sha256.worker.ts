import { digest } from "./sha256";

/** A Blob comes, its digest goes. */
addEventListener("message", async ({ data }: MessageEvent<Blob>) => {
  try {
    postMessage({ value: await digest(data) });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
});
