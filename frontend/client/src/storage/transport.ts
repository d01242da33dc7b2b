import { ValetKeyError } from "../model/errors";

/** How long a request to S3 may take, in milliseconds. */
export interface Timing {
  /** without a byte that moves, until the last one has left (60,000): a laptop was closed, a network changed */
  stall: number;
  /** from the last byte to the answer (300,000), beside `digest` */
  answer: number;
  /** in which a store digests a MiB (125): it answers when it has, and 5 GiB take it minutes */
  digest: number;
}

export const DEFAULT_TIMING: Timing = { stall: 60_000, answer: 300_000, digest: 125 };

const MIB = 1024 * 1024;

/** How long the answer to `size` bytes may take once they have left, in milliseconds. */
export function answerWithin({ answer, digest }: Timing, size: number): number {
  return answer + (size / MIB) * digest;
}

/** One request that carries bytes of a file to S3. */
export interface StorageRequest {
  method: "POST" | "PUT";
  url: string;
  /** without those that browsers set by themselves */
  headers: Record<string, string>;
  body: Blob | FormData;
  /** bytes of the file in the body; a form has more around them */
  size: number;
  signal: AbortSignal;
  timing: Timing;
  /** told the bytes of the file that are sent so far */
  onProgress(sent: number): void;
}

export interface StorageAnswer {
  status: number;
  /** a response header, or null when there is none, or CORS hides it */
  header(name: string): string | null;
  text: string;
}

/**
 * How bytes get to S3. `send` gives whatever S3 answers; it rejects with `storage_unreachable` when nothing came, and
 * with the signal's reason when that is aborted.
 */
export interface Transport {
  send(request: StorageRequest): Promise<StorageAnswer>;
}

/** What a transport rejects with when no answer came; `sent` says that all bytes had left. */
export function storageUnreachable(url: string, sent = false, cause?: unknown): ValetKeyError {
  const detail = `The storage at ${new URL(url).origin} cannot be reached, or its CORS rules do not allow this page.`;
  return new ValetKeyError("storage_unreachable", detail, { retryable: true, sent, cause });
}

const FORBIDDEN = new Set(["content-length", "host"]);

/** The signed headers that we have to set: browsers set Content-Length themselves, and allow nobody else to. */
export function settable(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !FORBIDDEN.has(name.toLowerCase())));
}
