import type { Grant, SignedPart, StoredPart } from "../model/wire";
import type { Storage } from "../storage/storage";
import type { Tally } from "./progress";

/** What a sender needs from the upload that it works for. */
export interface Sending {
  file: Blob;
  storage: Storage;
  tally: Tally;
  signal: AbortSignal;
  /** when the grant came, in milliseconds since the epoch */
  since: number;
  /** Does `attempt` until it succeeds, or fails for good. */
  persist<T>(attempt: () => Promise<T>): Promise<T>;
  /** Reports that bytes moved, unless the upload has been paused or ended meanwhile. */
  moved(record: () => void): void;
  /** A fresh grant for the same upload; one attempt. */
  renew(): Promise<Grant | null>;
  /** Whether the service finds the whole file at S3; one attempt. */
  arrived(): Promise<boolean>;
  /** The parts that S3 has; one attempt. */
  stored(): Promise<StoredPart[]>;
  /** Part `number` is there: `bytes`, which S3 calls `etag`. */
  evidence(number: number, etag: string, bytes: Blob): void;
  /** Signs these parts; one attempt. `checksums` are theirs in base64, where the grant asks for them. */
  sign(numbers: number[], checksums?: Record<number, string>): Promise<SignedPart[]>;
}
