import { NEVER } from "../async/abort";
import { within } from "../async/within";
import { acquireLock, listLocked } from "./locks";
import { type RecordStore, specKey, type UploadRecord, type UploadSpec } from "./records";

const PATIENCE = 5000; // ms in which a record store answers
const MAX_AGE = 7 * 86_400_000; // ms: by then the service has forgotten an upload that nobody went on with

/** The record of an interrupted upload that no other page can continue until it is released. */
export interface LockedRecord {
  record: UploadRecord;
  release(): void;
}

/** The records of interrupted uploads to one endpoint, and which of them are running. Where the record store fails, nothing is kept. */
export class Journal {
  readonly #store: RecordStore | null;
  readonly #endpoint: string;
  readonly #user: string | null;
  readonly #running = new Set<string>();
  /** those that were cleared while they ran: their records are not written again */
  readonly #forgotten = new Set<string>();
  /** whether the record store has left a call without an answer, and still does: nobody waits for it again */
  #silent = false;

  /** `user` owns the records; null for records without an owner. */
  constructor(store: RecordStore | null, endpoint: string, user: string | null = null) {
    this.#store = store;
    this.#endpoint = endpoint;
    this.#user = user;
  }

  /** Whether records are kept at all. */
  get enabled(): boolean {
    return this.#store !== null;
  }

  /** Lists records of uploads that are not running in any page, oldest first. */
  async listInterrupted(): Promise<UploadRecord[]> {
    const [records, elsewhere] = await Promise.all([this.#list(), listLocked()]);
    const idle = records.filter(({ id }) => !this.#running.has(id) && !elsewhere.has(id));
    return idle.sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Locks the interrupted upload with the same spec, if there is one. */
  async lockMatching(spec: UploadSpec): Promise<LockedRecord | null> {
    const key = specKey(spec);
    for (const record of await this.listInterrupted()) {
      if (specKey(record) !== key) continue;
      const release = await this.lock(record.id);
      if (release) return { record, release };
    }
    return null;
  }

  /** Locks an upload; the function that it returns releases it. Null if it is running already, in this page or another. */
  async lock(id: string): Promise<(() => void) | null> {
    if (this.#running.has(id)) return null;
    this.#running.add(id);
    const unlock = await acquireLock(id);
    if (!unlock) {
      this.#running.delete(id);
      return null;
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#running.delete(id);
      unlock();
    };
  }

  /** Writes `record`; without its handle if the record store cannot keep one. */
  async put(record: UploadRecord): Promise<void> {
    if (this.#forgotten.has(record.id)) return;
    const own = this.#user === null ? record : { ...record, user: this.#user };
    const { handle: _, ...plain } = own;
    await this.#ask((store) => store.put(own).catch(() => store.put(plain)));
  }

  /** Removes all records of this endpoint that belong to the user or have no owner. Rejects if the record store fails. */
  async clear(): Promise<void> {
    for (const id of this.#running) this.#forgotten.add(id);
    if (this.#store) await within(this.#removeOwn(this.#store), PATIENCE, NEVER);
  }

  async remove(id: string): Promise<void> {
    await this.#ask((store) => store.remove(id));
  }

  async #removeOwn(store: RecordStore): Promise<void> {
    for (const { id, endpoint, user } of await store.list()) {
      const ours = user === undefined || user === this.#user;
      if (endpoint === this.#endpoint && ours) await store.remove(id);
    }
  }

  /** What the record store answers; undefined if it fails, or does not answer: another page may block IndexedDB. */
  async #ask<T>(call: (store: RecordStore) => Promise<T>): Promise<T | undefined> {
    if (!this.#store || this.#silent) return undefined;
    const answer = call(this.#store).catch(() => undefined);
    return within(answer, PATIENCE, NEVER, () => {
      this.#silent = true;
      void answer.then(() => {
        this.#silent = false;
      });
      return undefined;
    });
  }

  async #list(): Promise<UploadRecord[]> {
    const records = (await this.#ask((store) => store.list())) ?? [];
    const oldest = Date.now() - MAX_AGE;
    for (const { id, createdAt } of records) if (createdAt < oldest) await this.remove(id);
    return records.filter(
      ({ endpoint, createdAt, user = null }) =>
        endpoint === this.#endpoint && user === this.#user && createdAt >= oldest,
    );
  }
}
