import { claim, claimedElsewhere } from "./claims";
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
  readonly #running = new Set<string>();

  constructor(store: RecordStore | null, endpoint: string) {
    this.#store = store;
    this.#endpoint = endpoint;
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
    const { handle: _, ...plain } = record;
    await this.#store?.put(record).catch(() => this.#store?.put(plain).catch(() => {}));
  }

  async remove(id: string): Promise<void> {
    await this.#store?.remove(id).catch(() => {});
  }

  async #list(): Promise<UploadRecord[]> {
    const records = (await this.#store?.list().catch(() => [])) ?? [];
    const oldest = Date.now() - MAX_AGE;
    for (const { id, createdAt } of records) if (createdAt < oldest) await this.remove(id);
    return records.filter(({ endpoint, createdAt }) => endpoint === this.#endpoint && createdAt >= oldest);
  }
}
