import { fileChanged } from "../model/errors";
import type { Algorithm } from "./hash";

/**
 * A digest of `file` in base64, computed in a worker where there is one. Rejects with `file_changed` when the file cannot be read, or
 * the signal's reason.
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
  const { digestsOf } = await import("./digests");
  signal.throwIfAborted();
  const found = await digestsOf(blobs, algorithm, signal);
  if ("values" in found) return found.values;
  throw fileChanged(found.failed);
}
