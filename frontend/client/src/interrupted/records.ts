import type { FileFacts } from "../files/file";
import type { Method } from "../model/wire";

/** What is kept of an upload that is under way, so that it can go on after a reload. */
export interface UploadRecord {
  /** the upload's id */
  id: string;
  /** good for this one upload only */
  ticket: string;
  endpoint: string;
  profile: string;
  metadata: Record<string, string>;
  file: FileFacts;
  /** null for a file that goes in one request */
  plan: { partSize: number; partCount: number } | null;
  method: Method;
  /** milliseconds since the epoch */
  createdAt: number;
  /** where the browser gave one: with it the upload can go on without picking the file again */
  handle?: FileSystemFileHandle;
  /** whose it is, where the page says who uses it */
  user?: string;
  /** digest of pieces of the file, or of all of a small one */
  sample?: string;
  /** SHA-256 in base64 of parts that were sent, by number, where the storage's ETags say nothing of the bytes */
  digests?: Record<number, string>;
}

/** Where records are kept. Any method may reject: uploads go on without. */
export interface RecordStore {
  list(): Promise<UploadRecord[]>;
  /** adds a record, or replaces the one with its id */
  put(record: UploadRecord): Promise<void>;
  /** does nothing when there is none */
  remove(id: string): Promise<void>;
}

/** Keeps records as long as the page lives. */
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

/** What a record says about a file before the service has heard of it. */
export type Wish = Pick<UploadRecord, "endpoint" | "profile" | "metadata" | "file" | "method">;

/** What was asked for when the upload began. */
export function wishOf({ endpoint, profile, metadata, file, method }: UploadRecord): Wish {
  return { endpoint, profile, metadata, file, method };
}

/** Two wishes with the same key are the same: the same file to the same place, with the same words about it. */
export function wishKey({ endpoint, profile, metadata, file, method }: Wish): string {
  const { name, path, size, lastModified, type } = file;
  const words = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([endpoint, profile, method, words, name, path, size, lastModified, type]);
}
