import type { Problem, UploadBody } from "./wire";

/**
 * The codes that the client gives itself. The service's own (`unknown_profile`, `size_out_of_range`, ...) and the
 * reasons of a rejection (`size_mismatch`, ...) come beside them, so `code` is any string.
 */
export type ClientCode =
  | "aborted" // by `abort()` or the caller's signal
  | "service_unreachable" // no response from the service, for as long as `patience` lasts
  | "storage_unreachable" // no response from S3, likewise
  | "storage_unavailable" // S3 responded 5xx or 429, likewise
  | "cors_forbidden" // S3 is available, but the bucket's CORS rules do not allow this page
  | "etag_hidden" // the bucket's CORS rules do not expose the ETag of a part
  | "storage_refused" // S3 refused the request: `detail` quotes it
  | "checksum_mismatch" // S3 received other bytes than the checksum says
  | "file_changed" // the file was changed, moved or deleted since it was chosen
  | "file_mismatch" // another file than the one that the interrupted upload is of
  | "file_needed" // an interrupted upload cannot be resumed before the file is chosen again
  | "not_arrived" // S3 accepted the bytes, but the service cannot find them
  | "upload_ended" // the upload was aborted or deleted elsewhere, or it expired
  | "token_unavailable" // the caller's function for the token failed, for as long as `patience` lasts
  | "unexpected_answer"; // not what the API documents: a proxy, perhaps

/** What is known about an error beside its sentence. */
export interface ErrorDetails {
  /** HTTP status, if there was a response */
  status?: number;
  /** whether the same may succeed later; the client has retried for as long as it was allowed to */
  retryable?: boolean;
  /** milliseconds to wait, as the other side asked */
  retryAfter?: number | undefined;
  /** whether all bytes may have been sent: they may have arrived */
  sent?: boolean;
  /** what the storage's response means, by the list that both clients and the service share */
  meaning?: string;
  /** how often it may happen before the upload fails; unset if only patience limits it */
  tries?: number | undefined;
  /** each problem with a request, if the service lists them */
  errors?: Problem["errors"];
  cause?: unknown;
}

/** Everything that can go wrong, with a stable `code` and one sentence in `detail` that says what to do. */
export class ValetKeyError extends Error {
  override readonly name: string = "ValetKeyError";
  // declared only: the constructor sets them all
  declare readonly code: string;
  declare readonly detail: string;
  declare readonly status: number | undefined;
  declare readonly retryable: boolean;
  declare readonly retryAfter: number | undefined;
  declare readonly errors: NonNullable<Problem["errors"]>;
  declare readonly sent: boolean;
  declare readonly meaning: string | undefined;
  declare readonly tries: number | undefined;

  constructor(code: ClientCode | (string & {}), detail: string, { cause, ...details }: ErrorDetails = {}) {
    super(detail, { cause });
    Object.assign(this, { code, detail, retryable: false, errors: [], sent: false }, details);
  }
}

/** The bytes arrived and were refused. `code` is the reason's (`size_mismatch`, `type_mismatch`, ...). */
export class UploadRejected extends ValetKeyError {
  override readonly name = "UploadRejected";

  constructor(readonly upload: UploadBody) {
    super(upload.reason?.code ?? "rejected", upload.reason?.detail ?? "The upload was rejected.");
  }
}

/** The error of an upload that the caller aborted. */
export function aborted(): ValetKeyError {
  return new ValetKeyError("aborted", "The upload was aborted.");
}

/** The error for a file whose bytes have changed since it was chosen. */
export function fileChanged(cause?: unknown): ValetKeyError {
  return new ValetKeyError(
    "file_changed",
    "The file was changed, moved or deleted since it was chosen. Choose it again.",
    { cause },
  );
}

/** `error` itself if it is a `ValetKeyError`, else wrapped in one: callers see nothing else. */
export function asValetKeyError(error: unknown): ValetKeyError {
  if (error instanceof ValetKeyError) return error;
  return new ValetKeyError("unexpected_answer", `Something unexpected happened: ${error}`, { cause: error });
}
