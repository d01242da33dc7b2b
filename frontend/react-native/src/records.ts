import type { RecordStore, UploadRecord } from "@valetkey/client";
import { FileHandle, type Place } from "./places";

/** What is needed of AsyncStorage, in its versions 2 and 3. */
export interface KeyValueStorage {
  getItem(key: string): Promise<string | null>;
  setItem(key: string, value: string): Promise<void>;
  removeItem(key: string): Promise<void>;
  getAllKeys(): Promise<readonly string[]>;
}

const PREFIX = "valetkey:";

/** Keeps records in AsyncStorage, one a key, each with where its file is. One that cannot be read hides none of the others. */
export class AsyncStorageRecords implements RecordStore {
  readonly #storage: KeyValueStorage;

  constructor(storage: KeyValueStorage) {
    this.#storage = storage;
  }

  async list(): Promise<UploadRecord[]> {
    const keys = (await this.#storage.getAllKeys()).filter((key) => key.startsWith(PREFIX));
    const texts = await Promise.all(keys.map((key) => this.#storage.getItem(key).catch(() => null)));
    return texts.flatMap((text) => revived(text));
  }

  async put({ handle, ...record }: UploadRecord): Promise<void> {
    const place = handle instanceof FileHandle ? { place: handle.place } : {};
    await this.#storage.setItem(PREFIX + record.id, JSON.stringify({ ...record, ...place }));
  }

  async remove(id: string): Promise<void> {
    await this.#storage.removeItem(PREFIX + id);
  }
}

/** The record of a text; none where it was cut or is of somebody else. */
function revived(text: string | null): UploadRecord[] {
  try {
    const { place, ...record }: UploadRecord & { place?: Place } = JSON.parse(text ?? "");
    if (typeof record.id !== "string") return [];
    return [place ? { ...record, handle: handleOf(place) } : record];
  } catch {
    return [];
  }
}

/** The client calls nothing of a handle but `getFile`. */
export function handleOf(place: Place): FileSystemFileHandle {
  return new FileHandle(place) as unknown as FileSystemFileHandle;
}
