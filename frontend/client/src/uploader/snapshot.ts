import type { ValetKeyError } from "../model/errors";
import type { Grant, UploadBody } from "../model/wire";
import type { Waiting } from "../retry/retry";
import type { Progress } from "../sending/progress";
import type { Stage } from "../transfer/transfer";

/** Where an upload is. The last four are final, but `failed` can be retried: `uploader.upload` of the same file continues it. */
export type UploadState = Stage | "paused" | "confirmed" | "rejected" | "failed" | "aborted";

/** The state of an upload at one moment. Immutable: each change makes a new one. */
export interface UploadSnapshot {
  readonly state: UploadState;
  readonly progress: Progress;
  /** why nothing is sent, while a request is retried or there is no network */
  readonly waiting: Waiting | null;
  /** after `rejected`, `failed` and `aborted` */
  readonly error: ValetKeyError | null;
  /** the upload as the service last described it; null before it is created */
  readonly upload: UploadBody | null;
  /** what the service last granted; null before that, and if S3 had the bytes already */
  readonly grant: Grant | null;
}
