import {
  type FileLike,
  type Upload,
  type Uploader,
  type UploadRecord,
  ValetKeyError,
} from "@valetkey/client";
import type { Key } from "../language/messages";

/** An upload that an earlier page did not finish. */
export class InterruptedItem {
  /** why it could not be resumed or discarded */
  trouble: Extract<Key, "chooseSame" | "otherFile" | "changed" | "notDiscarded"> | null = null;
  /** whether its file has to be chosen again, since there is no handle for it, or the handle failed */
  needsFile: boolean;

  constructor(
    readonly record: UploadRecord,
    /** bytes that S3 has; null if unknown */
    public stored: number | null,
  ) {
    this.needsFile = !record.handle && !this.whole;
  }

  /** with its path, if it came in a folder */
  get name(): string {
    return this.record.file.path || this.record.file.name;
  }

  /** bytes */
  get size(): number {
    return this.record.file.size;
  }

  /** whether S3 has all of it */
  get whole(): boolean {
    return this.stored === this.size;
  }
}

export type InterruptedChange = "found" | "troubled" | "discarded" | "gone";
type Changed = (one: InterruptedItem, change: InterruptedChange) => void;

/** The uploads that earlier pages did not finish. `changed` is called with every change. */
export class InterruptedUploads {
  #found = new Map<string, InterruptedItem>();
  #looks = 0;
  /** those being resumed or discarded: a refresh does not touch them */
  readonly #busy = new Set<InterruptedItem>();
  /** ids, which a refresh that began earlier may still find */
  readonly #discarded = new Set<string>();
  readonly #changed: Changed;

  constructor(changed: Changed) {
    this.#changed = changed;
  }

  get list(): InterruptedItem[] {
    return [...this.#found.values()];
  }

  /** Loads the interrupted uploads again. Of two refreshes at once the later one counts. */
  async refresh(uploader: Uploader, wanted: (record: UploadRecord) => boolean): Promise<void> {
    const look = ++this.#looks;
    const inspected = await uploader.inspectInterrupted();
    if (look !== this.#looks) return;
    const before = this.#found;
    this.#found = new Map(this.list.filter((one) => this.#busy.has(one)).map((one) => [one.record.id, one]));
    for (const { record, stored } of inspected) {
      if (this.#discarded.has(record.id) || !wanted(record)) continue;
      const one = before.get(record.id) ?? new InterruptedItem(record, stored);
      one.stored = stored ?? one.stored;
      this.#found.set(record.id, one);
    }
    for (const one of this.list) if (!before.has(one.record.id)) this.#changed(one, "found");
    for (const one of before.values()) if (!this.#found.has(one.record.id)) this.#changed(one, "gone");
  }

  /** Resumes one, with the chosen file, by its handle, or without a file if S3 has all of it. Null if that failed. */
  async resume(one: InterruptedItem, uploader: Uploader, file: File | null): Promise<Upload | null> {
    if (this.#busy.has(one)) return null;
    this.#busy.add(one);
    try {
      if (file && file.name !== one.record.file.name) throw new ValetKeyError("file_mismatch", file.name);
      const upload = await uploader.resume(one.record, file && inFolder(file, one.record.file.path));
      this.forget(one.record.id);
      return upload;
    } catch (error) {
      if (codeOf(error) === "state_conflict") this.forget(one.record.id);
      else this.#trouble(one, describeTrouble(error));
      one.needsFile = true;
      return null;
    } finally {
      this.#busy.delete(one);
    }
  }

  /** Aborts one at the service and at S3, and removes it. */
  async discard(one: InterruptedItem, uploader: Uploader): Promise<void> {
    const { id } = one.record;
    if (this.#busy.has(one)) return;
    this.#busy.add(one);
    try {
      await uploader.discard(one.record);
      this.#discarded.add(id);
      this.#found.delete(id);
      this.#changed(one, "discarded");
    } catch (error) {
      if (codeOf(error) === "state_conflict") this.forget(id);
      else this.#trouble(one, "notDiscarded");
    } finally {
      this.#busy.delete(one);
    }
  }

  /** Removes one that is running now. */
  forget(id: string): void {
    const one = this.#found.get(id);
    if (!one) return;
    this.#found.delete(id);
    this.#changed(one, "gone");
  }

  #trouble(one: InterruptedItem, trouble: InterruptedItem["trouble"]): void {
    one.trouble = trouble;
    this.#changed(one, "troubled");
  }
}

function codeOf(error: unknown): string {
  return error instanceof ValetKeyError ? error.code : "";
}

function describeTrouble(error: unknown): InterruptedItem["trouble"] {
  const code = codeOf(error);
  if (code === "file_mismatch") return "otherFile";
  return code === "file_changed" ? "changed" : "chooseSame";
}

/** Gives a file that came in a folder its path back, by which it is recognised. */
function inFolder(file: File, path: string): FileLike {
  if (path) Object.defineProperty(file, "webkitRelativePath", { value: path });
  return file;
}
