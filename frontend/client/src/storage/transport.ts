import { ValetKeyError } from "../model/errors";

/** How long a request to S3 may take, in milliseconds. */
export interface Timing {
  /** without progress, until the last byte is sent (60,000): a laptop was closed, a network changed */
  stall: number;
  /** from the last byte to the response (300,000), in addition to `digest` */
  answer: number;
  /** in which a storage digests a MiB (125) before it responds: 5 GiB take it minutes */
  digest: number;
}

export const DEFAULT_TIMING: Timing = { stall: 60_000, answer: 300_000, digest: 125 };

const MIB = 1024 * 1024;

/** How long the response to `size` bytes may take once they are sent, in milliseconds. */
export function answerTimeout({ answer, digest }: Timing, size: number): number {
  return answer + (size / MIB) * digest;
}

const SLOWEST = 8; // bytes per ms

/** How long a request may take of which nobody sees the progress, in milliseconds; at most what a timer takes. */
export function blindTimeout(timing: Timing, size: number): number {
  return Math.min(timing.stall + answerTimeout(timing, size) + size / SLOWEST, 2 ** 31 - 1);
}

/** One request that carries bytes of a file to S3. */
export interface StorageRequest {
  method: "POST" | "PUT";
  url: string;
  /** without those that only browsers may set */
  headers: Record<string, string>;
  /** bytes of the file; `bodyOf` puts them into the form that they are sent in, if there are fields */
  body: Blob;
  /** the signed fields of a form, which come before the file */
  fields?: Record<string, string>;
  /** the name of the file's field in that form */
  file_field?: string;
  signal: AbortSignal;
  timing: Timing;
  /** called with the bytes of the file that are sent so far */
  onProgress(sent: number): void;
}

export interface StorageResponse {
  status: number;
  /** a response header; null if there is none, or CORS hides it */
  header(name: string): string | null;
  text: string;
}

/**
 * How bytes get to S3. `send` resolves with any response; it rejects with `storage_unreachable` if there was none, and
 * with the signal's reason when that is aborted.
 */
export interface Transport {
  send(request: StorageRequest): Promise<StorageResponse>;
}

/** What is sent: the bytes as they are, or a form. The file's own name may be more fields to a store: Ceph reads it so. */
export function bodyOf({ body, fields, file_field = "file" }: StorageRequest): Blob | FormData {
  if (!fields) return body;
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  data.append(file_field, body, "file"); // S3 ignores fields after it
  return data;
}

/** What a transport rejects with if there was no response; `sent`: whether all bytes may have been sent. */
export function storageUnreachable(url: string, sent: boolean, cause?: unknown): ValetKeyError {
  const detail = `The storage at ${new URL(url).origin} cannot be reached, or its CORS rules do not allow this page.`;
  return new ValetKeyError("storage_unreachable", detail, { retryable: true, sent, cause });
}

const FORBIDDEN = new Set(["content-length", "host"]);

/** The signed headers without those that only browsers may set. */
export function settableHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !FORBIDDEN.has(name.toLowerCase())));
}
