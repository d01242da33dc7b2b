import type { RecordStore, UploadRecord } from "./records";

const STORE = "uploads";

/** Keeps records in IndexedDB. A browser that denies it (private windows) makes every method reject. */
export class IndexedDBRecords implements RecordStore {
  readonly #name: string;
  #opened: Promise<IDBDatabase> | null = null;

  constructor(name = "valetkey") {
    this.#name = name;
  }

  list(): Promise<UploadRecord[]> {
    return this.#run("readonly", (store) => store.getAll());
  }

  async put(record: UploadRecord): Promise<void> {
    await this.#run("readwrite", (store) => store.put(record));
  }

  async remove(id: string): Promise<void> {
    await this.#run("readwrite", (store) => store.delete(id));
  }

  async #run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    this.#opened ??= open(this.#name, () => {
      this.#opened = null;
    });
    const opened = this.#opened;
    try {
      return await settled(work((await opened).transaction(STORE, mode).objectStore(STORE)));
    } catch (error) {
      this.#opened = null; // a system that sleeps, or is short of memory, closes it: the next call opens it anew
      throw error;
    }
  }
}

/** `closed` is called when somebody deletes it, whom it does not block. */
async function open(name: string, closed: () => void): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
  const database = await settled(request);
  database.onversionchange = () => {
    database.close();
    closed();
  };
  return database;
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
