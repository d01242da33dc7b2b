import type { Tally } from "./progress";
import type { Storage } from "./storage";
import type { Grant, SignedPart } from "./wire";

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
  /** Signs these parts; one attempt. `checksums` are theirs in base64, where the grant asks for them. */
  sign(numbers: number[], checksums?: Record<number, string>): Promise<SignedPart[]>;
}
