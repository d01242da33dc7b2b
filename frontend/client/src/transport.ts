import { ValetKeyError } from "./errors";

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

/** What a transport rejects with when no answer came. */
export function storageUnreachable(url: string, cause?: unknown): ValetKeyError {
  const detail = `The storage at ${new URL(url).origin} cannot be reached, or its CORS rules do not allow this page.`;
  return new ValetKeyError("storage_unreachable", detail, { retryable: true, cause });
}

const FORBIDDEN = new Set(["content-length", "host"]);

/** The signed headers that we have to set: browsers set Content-Length themselves, and allow nobody else to. */
export function settable(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !FORBIDDEN.has(name.toLowerCase())));
}

/** By fetch: everywhere, but without progress within a request. */
export const fetchTransport: Transport = {
  async send({ method, url, headers, body, size, signal, onProgress }) {
    try {
      const answer = await fetch(url, { method, headers, body, signal });
      const text = await answer.text();
      if (answer.ok) onProgress(size);
      return { status: answer.status, header: (name) => answer.headers.get(name), text };
    } catch (cause) {
      signal.throwIfAborted();
      throw storageUnreachable(url, cause);
    }
  },
};
