import type { Problem, UploadBody } from "./wire";

/**
 * The codes that the client gives itself. The service's own (`unknown_profile`, `size_out_of_range`, ...) and the
 * reasons of a rejection (`size_mismatch`, ...) come beside them, so `code` is any string.
 */
export type ClientCode =
  | "aborted" // by `abort()` or the caller's signal
  | "service_unreachable" // no answer from the service, for as long as `patience` lasts
  | "storage_unreachable" // no answer from S3, likewise
  | "storage_unavailable" // S3 answered 5xx or 429, likewise
  | "cors_forbidden" // S3 is there, but the bucket's CORS rules do not allow this page
  | "etag_hidden" // the bucket's CORS rules do not expose the ETag of a part
  | "storage_refused" // S3 refused the request: `detail` has its own words
  | "checksum_mismatch" // S3 received other bytes than the checksum says
  | "file_changed" // the file changed, moved or vanished since it was picked
  | "file_mismatch" // another file than the one that the interrupted upload is of
  | "file_needed" // an interrupted upload cannot go on before the file is picked again
  | "not_arrived" // S3 took the bytes, but the service does not find them
  | "upload_ended" // somebody else aborted or deleted the upload, or it expired
  | "token_unavailable" // the caller's function for the token failed, for as long as `patience` lasts
  | "unexpected_answer"; // not what the API documents: a proxy, perhaps

/** What is known about a failure beside its sentence. */
export interface Failure {
  /** HTTP status, where there was an answer */
  status?: number;
  /** whether the same may succeed later; the client has tried for as long as it was allowed to */
  retryable?: boolean;
  /** milliseconds that the other side asks us to wait */
  retryAfter?: number | undefined;
  /** whether all bytes of the file had left: they may have arrived */
  sent?: boolean;
  /** what the storage's answer means, by the list that both clients and the service decide by */
  meaning?: string;
  /** how often it may happen until it is no accident any more; not there where only patience counts */
  tries?: number;
  /** each thing that is wrong with a request, where the service says so */
  errors?: Problem["errors"];
  cause?: unknown;
}

/** Everything that can go wrong, with a stable `code` and one sentence in `detail` that says what to do. */
export class ValetKeyError extends Error {
  override readonly name: string = "ValetKeyError";
  readonly code: string;
  readonly detail: string;
  readonly status: number | undefined;
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
  readonly errors: NonNullable<Problem["errors"]>;
  readonly sent: boolean;
  readonly meaning: string | undefined;
  readonly tries: number;

  constructor(code: ClientCode | (string & {}), detail: string, failure: Failure = {}) {
    super(detail, { cause: failure.cause });
    this.code = code;
    this.detail = detail;
    this.status = failure.status;
    this.retryable = failure.retryable ?? false;
    this.retryAfter = failure.retryAfter;
    this.errors = failure.errors ?? [];
    this.sent = failure.sent ?? false;
    this.meaning = failure.meaning;
    this.tries = failure.tries ?? Number.POSITIVE_INFINITY;
  }
}

/** The bytes arrived and were refused. `code` is the reason's (`size_mismatch`, `type_mismatch`, ...). */
export class UploadRejected extends ValetKeyError {
  override readonly name = "UploadRejected";

  constructor(readonly upload: UploadBody) {
    super(upload.reason?.code ?? "rejected", upload.reason?.detail ?? "The upload was rejected.");
  }
}

/** The error of an upload that its owner ended. */
export function aborted(): ValetKeyError {
  return new ValetKeyError("aborted", "The upload was aborted.");
}

/** The error of a file whose bytes are no longer those that were picked. */
export function fileChanged(cause?: unknown): ValetKeyError {
  return new ValetKeyError(
    "file_changed",
    "The file changed, moved or vanished since it was picked. Pick it again.",
    { cause },
  );
}

/** `error` itself when it is ours, else wrapped: nothing but `ValetKeyError` reaches a caller. */
export function typed(error: unknown): ValetKeyError {
  if (error instanceof ValetKeyError) return error;
  return new ValetKeyError("unexpected_answer", `Something unexpected happened: ${error}`, { cause: error });
}
