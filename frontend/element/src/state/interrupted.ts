import {
  type FileLike,
  type Upload,
  type Uploader,
  type UploadRecord,
  ValetKeyError,
} from "@valetkey/client";
import type { Key } from "../language/messages";

/** An upload that an earlier page left. */
export class Interrupted {
  /** what hindered it from going on, or from being discarded */
  trouble: Extract<Key, "chooseSame" | "otherFile" | "changed" | "notDiscarded"> | null = null;
  /** whether its file has to be picked again, since there is no handle of it, or that is of no use */
  needsFile: boolean;

  constructor(
    readonly record: UploadRecord,
    /** bytes that are there; null where nobody knows */
    public stored: number | null,
  ) {
    this.needsFile = !record.handle && !this.whole;
  }

  /** in its folder, if it came with one */
  get name(): string {
    return this.record.file.path || this.record.file.name;
  }

  /** bytes */
  get size(): number {
    return this.record.file.size;
  }

  /** whether all of it is there */
  get whole(): boolean {
    return this.stored === this.size;
  }
}

export type InterruptedChange = "found" | "troubled" | "discarded" | "gone";
type Changed = (one: Interrupted, change: InterruptedChange) => void;

/** The uploads that earlier pages left. It knows no DOM; whoever shows them is told of every change. */
export class InterruptedUploads {
  #found = new Map<string, Interrupted>();
  #looks = 0;
  /** those that something is being done with: a look changes nothing about them */
  readonly #busy = new Set<Interrupted>();
  /** ids, which a look that began before may still find */
  readonly #discarded = new Set<string>();
  readonly #changed: Changed;

  constructor(changed: Changed) {
    this.#changed = changed;
  }

  get list(): Interrupted[] {
    return [...this.#found.values()];
  }

  /** Looks what there is now. Of two looks at once the later one counts. */
  async look(uploader: Uploader, wanted: (record: UploadRecord) => boolean): Promise<void> {
    const look = ++this.#looks;
    const unfinished = await uploader.unfinished();
    if (look !== this.#looks) return;
    const before = this.#found;
    this.#found = new Map(this.list.filter((one) => this.#busy.has(one)).map((one) => [one.record.id, one]));
    for (const { record, stored } of unfinished) {
      if (this.#discarded.has(record.id) || !wanted(record)) continue;
      const one = before.get(record.id) ?? new Interrupted(record, stored);
      one.stored = stored ?? one.stored;
      this.#found.set(record.id, one);
    }
    for (const one of this.list) if (!before.has(one.record.id)) this.#changed(one, "found");
    for (const one of before.values()) if (!this.#found.has(one.record.id)) this.#changed(one, "gone");
  }

  /** Goes on with one, by the file that was picked, or its handle, or without where all is there. Null: it could not. */
  async resume(one: Interrupted, uploader: Uploader, file: File | null): Promise<Upload | null> {
    if (this.#busy.has(one)) return null;
    this.#busy.add(one);
    try {
      if (file && file.name !== one.record.file.name) throw new ValetKeyError("file_mismatch", file.name);
      const upload = await uploader.resume(one.record, file && inFolder(file, one.record.file.path));
      this.forget(one.record.id);
      return upload;
    } catch (error) {
      if (codeOf(error) === "state_conflict") this.forget(one.record.id);
      else this.#trouble(one, troubleOf(error));
      one.needsFile = true;
      return null;
    } finally {
      this.#busy.delete(one);
    }
  }

  /** Ends one at the service and at S3, and forgets it. */
  async discard(one: Interrupted, uploader: Uploader): Promise<void> {
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

  /** This one is under way. */
  forget(id: string): void {
    const one = this.#found.get(id);
    if (!one) return;
    this.#found.delete(id);
    this.#changed(one, "gone");
  }

  #trouble(one: Interrupted, trouble: Interrupted["trouble"]): void {
    one.trouble = trouble;
    this.#changed(one, "troubled");
  }
}

function codeOf(error: unknown): string {
  return error instanceof ValetKeyError ? error.code : "";
}

function troubleOf(error: unknown): Interrupted["trouble"] {
  const code = codeOf(error);
  if (code === "file_mismatch") return "otherFile";
  return code === "file_changed" ? "changed" : "chooseSame";
}

/** A file that was in a picked folder has its path again: by that it is known. */
function inFolder(file: File, path: string): FileLike {
  if (path) Object.defineProperty(file, "webkitRelativePath", { value: path });
  return file;
}
