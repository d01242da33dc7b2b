import type { FileFacts } from "../files/file";
import type { Method } from "../model/wire";

/** What is kept of a running upload, so that it can be resumed after a reload. */
export interface UploadRecord {
  /** the upload's id */
  id: string;
  /** valid for this upload only */
  ticket: string;
  endpoint: string;
  profile: string;
  metadata: Record<string, string>;
  file: FileFacts;
  /** null for a file that is sent in one request */
  plan: { partSize: number; partCount: number } | null;
  method: Method;
  /** milliseconds since the epoch */
  createdAt: number;
  /** if the browser gave one: with it the upload can be resumed without choosing the file again */
  handle?: FileSystemFileHandle | undefined;
  /** who owns it, if the page named its user */
  user?: string;
  /** of the file's bytes: a digest of pieces, or of all of a small file */
  fingerprint?: string | undefined;
  /** SHA-256 in base64 of sent parts, by number, where the storage's ETags are not MD5s */
  digests?: Record<number, string> | undefined;
}

/** Where records are kept. Any method may reject: uploads work without records. */
export interface RecordStore {
  list(): Promise<UploadRecord[]>;
  /** adds a record, or replaces the one with its id */
  put(record: UploadRecord): Promise<void>;
  /** does nothing when there is none */
  remove(id: string): Promise<void>;
}

/** Keeps records until the page is closed. */
export class MemoryRecords implements RecordStore {
  readonly #records = new Map<string, UploadRecord>();

  async list(): Promise<UploadRecord[]> {
    return [...this.#records.values()];
  }

  async put(record: UploadRecord): Promise<void> {
    this.#records.set(record.id, record);
  }

  async remove(id: string): Promise<void> {
    this.#records.delete(id);
  }
}

/** What to upload, and where: everything that is known before the service has created the upload. */
export type UploadSpec = Pick<UploadRecord, "endpoint" | "profile" | "metadata" | "file" | "method">;

/** The spec that the upload was created from. */
export function specOf({ endpoint, profile, metadata, file, method }: UploadRecord): UploadSpec {
  return { endpoint, profile, metadata, file, method };
}

/** Equal keys mean equal specs: the same file for the same profile, with the same metadata. */
export function specKey({ endpoint, profile, metadata, file, method }: UploadSpec): string {
  const { name, path, size, lastModified, type } = file;
  const words = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([endpoint, profile, method, words, name, path, size, lastModified, type]);
}
