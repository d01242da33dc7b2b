import { typed, ValetKeyError } from "./errors";
import type { StorageAnswer } from "./transport";

const PASSING = new Set([408, 429, 500, 502, 503, 504]);
const PASSING_CODES = new Set(["RequestTimeout", "InternalError", "SlowDown", "ServiceUnavailable"]);
const FILE_CHANGED = new Set(["EntityTooLarge", "EntityTooSmall", "IncompleteBody"]);
const CHECKSUM = new Set(["BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch"]);

/** Whether S3 says that it took what was sent. A status of 200 is not enough: the body may be that of an error. */
export function isSuccess({ status, text }: StorageAnswer): boolean {
  return status < 300 && !/<Error[\s>]/.test(text);
}

/** What an answer of S3 that is no success means. */
export function storageError(answer: StorageAnswer): ValetKeyError {
  const { status } = answer;
  const code = tag(answer.text, "Code");
  const words = [code, tag(answer.text, "Message")].filter(Boolean).join(": ") || `status ${status}`;
  if (PASSING.has(status) || PASSING_CODES.has(code)) {
    const failure = { status, retryable: true, retryAfter: retryAfter(answer) };
    return new ValetKeyError(
      "storage_unavailable",
      `The storage cannot take the file now (${words}).`,
      failure,
    );
  }
  if (FILE_CHANGED.has(code)) return fileChanged();
  if (CHECKSUM.has(code)) {
    return new ValetKeyError(
      "checksum_mismatch",
      `The bytes that arrived are not those of the checksum (${words}).`,
      { status },
    );
  }
  return new ValetKeyError("storage_refused", `The storage refused the file (${words}).`, { status });
}

/** Whether a request failed without S3 having said why. It may have: many close the connection before we get to read it. */
export function unanswered(error: unknown): boolean {
  return typed(error).status === undefined;
}

/** The error of a file whose bytes are no longer those that were picked. */
export function fileChanged(cause?: unknown): ValetKeyError {
  return new ValetKeyError(
    "file_changed",
    "The file changed, moved or vanished since it was picked. Pick it again.",
    { cause },
  );
}

function tag(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}

function retryAfter(answer: StorageAnswer): number | undefined {
  const seconds = Number(answer.header("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
