import { claim, claimedElsewhere } from "./locks";
import { type RecordStore, type UploadRecord, type Wish, wishKey } from "./records";

const MAX_AGE = 7 * 86_400_000; // ms: by then the service has forgotten an upload that nobody went on with

/** An upload that is this page's alone while it runs. */
export interface Claimed {
  record: UploadRecord;
  release(): void;
}

/** The records of one endpoint, with the knowledge of who works on which. Its storage may fail: then it just forgets. */
export class Journal {
  readonly #store: RecordStore | null;
  readonly #endpoint: string;
  readonly #user: string | null;
  readonly #running = new Set<string>();
  /** those that were forgotten while they ran: nothing is kept of them any more */
  readonly #dropped = new Set<string>();

  /** `user` is whose records they are; null is nobody in particular. */
  constructor(store: RecordStore | null, endpoint: string, user: string | null = null) {
    this.#store = store;
    this.#endpoint = endpoint;
    this.#user = user;
  }

  /** Whether anything is kept. */
  get keeps(): boolean {
    return this.#store !== null;
  }

  /** Those that nobody works on, in this page or another, oldest first. */
  async interrupted(): Promise<UploadRecord[]> {
    const [records, elsewhere] = await Promise.all([this.#list(), claimedElsewhere()]);
    const idle = records.filter(({ id }) => !this.#running.has(id) && !elsewhere.has(id));
    return idle.sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Claims the interrupted upload that is the same wish, if there is one. */
  async find(wish: Wish): Promise<Claimed | null> {
    const key = wishKey(wish);
    for (const record of await this.interrupted()) {
      if (wishKey(record) !== key) continue;
      const release = await this.claim(record.id);
      if (release) return { record, release };
    }
    return null;
  }

  /** Null when another page, or another upload of this one, works on it. */
  async claim(id: string): Promise<(() => void) | null> {
    if (this.#running.has(id)) return null;
    this.#running.add(id);
    const unlock = await claim(id);
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

  /** Keeps `record`; without its handle, where the storage cannot keep one. */
  async put(record: UploadRecord): Promise<void> {
    if (this.#dropped.has(record.id)) return;
    const own = this.#user === null ? record : { ...record, user: this.#user };
    const { handle: _, ...plain } = own;
    await this.#store?.put(own).catch(() => this.#store?.put(plain).catch(() => {}));
  }

  /** Forgets all of this endpoint: the user's, and those that are nobody's. Rejects when the storage fails. */
  async clear(): Promise<void> {
    for (const id of this.#running) this.#dropped.add(id);
    for (const { id, endpoint, user } of (await this.#store?.list()) ?? []) {
      const ours = user === undefined || user === this.#user;
      if (endpoint === this.#endpoint && ours) await this.#store?.remove(id);
    }
  }

  async remove(id: string): Promise<void> {
    await this.#store?.remove(id).catch(() => {});
  }

  async #list(): Promise<UploadRecord[]> {
    const records = (await this.#store?.list().catch(() => [])) ?? [];
    const oldest = Date.now() - MAX_AGE;
    for (const { id, createdAt } of records) if (createdAt < oldest) await this.remove(id);
    return records.filter(
      ({ endpoint, createdAt, user = null }) =>
        endpoint === this.#endpoint && user === this.#user && createdAt >= oldest,
    );
  }
}
