import type { Grant, SignedPart, StoredPart } from "../model/wire";
import type { Storage } from "../storage/storage";
import type { ProgressMeter } from "./progress";

/** What sending a file needs from its transfer. */
export interface SendContext {
  file: Blob;
  storage: Storage;
  meter: ProgressMeter;
  signal: AbortSignal;
  /** when the grant was received, in milliseconds since the epoch */
  grantedAt: number;
  /** Repeats `attempt` until it succeeds or cannot succeed any more. */
  retry<T>(attempt: () => Promise<T>): Promise<T>;
  /** Runs `update`, which changes the meter, and reports it; does nothing once the upload is paused or has ended. */
  reportProgress(update: () => void): void;
  /** Gets a new grant for the same upload; one attempt. */
  renewGrant(): Promise<Grant | null>;
  /** Asks the service whether S3 has the whole file; one attempt. */
  checkArrival(): Promise<boolean>;
  /** Lists the parts that S3 has; one attempt. */
  listParts(): Promise<StoredPart[]>;
  /** Records that S3 has part `number`, with this ETag. */
  recordPart(number: number, etag: string, bytes: Blob): void;
  /** Gets these parts signed; one attempt. `checksums` are theirs in base64, if the grant asks for them. */
  signParts(numbers: number[], checksums?: Record<number, string>): Promise<SignedPart[]>;
}
