import type { FileOptions, Upload, Uploader, UploadRecord } from "@valetkey/client";
import type { Bulk } from "./bulk-actions";
import { Item, type Refusal } from "./item";

/** The list of files and their uploads. It knows no DOM; whoever shows it is told of every change. */
export class Queue {
  readonly #items = new Map<number, Item>();
  #next = 1;
  readonly #changed: (item: Item) => void;
  readonly #removed: () => void;

  constructor(changed: (item: Item) => void, removed: () => void) {
    this.#changed = changed;
    this.#removed = removed;
  }

  get items(): Item[] {
    return [...this.#items.values()];
  }

  get size(): number {
    return this.#items.size;
  }

  /** Adds files; those without a refusal are uploaded at once, with the fewest calls. */
  add(files: readonly File[], uploader: Uploader, judge: Judge, optionsOf: OptionsOf): Item[] {
    const items = files.map((file) => {
      const refusal = judge(file);
      return new Item(this.#next++, file, refusal, refusal ? {} : optionsOf(file));
    });
    const good = items.filter((item) => !item.refusal);
    const { uploads } = uploader.uploadAll(good.map(({ file, options }) => ({ file, ...options })));
    for (const item of items) this.#items.set(item.key, item);
    for (const [index, item] of good.entries()) this.#follow(item, uploads[index]);
    for (const item of items) this.#changed(item);
    return items;
  }

  /** Adds an interrupted upload that goes on. */
  adopt(upload: Upload, { id, profile, metadata, method, handle }: UploadRecord): Item {
    const options = { profile, metadata, method, ...(handle && { handle }) };
    const item = new Item(this.#next++, upload.file as File, null, options, id);
    this.#items.set(item.key, item);
    this.#follow(item, upload);
    this.#changed(item);
    return item;
  }

  /** Starts a failed or cancelled one again; what is at S3 is not sent twice. */
  retry(item: Item, uploader: Uploader): void {
    if (!item.retryable) return;
    this.#follow(item, uploader.upload(item.file, item.options));
    this.#changed(item);
  }

  /** Does to all what can be done to each. */
  all(what: Bulk, uploader: Uploader): void {
    for (const item of this.items) {
      if (what === "pauseAll") item.upload?.pause();
      if (what === "resumeAll") item.upload?.resume();
      if (what === "cancelAll") void item.upload?.abort();
      if (what === "retryAll") this.retry(item, uploader);
      if (what === "clear") this.remove(item);
    }
  }

  /** Takes an item out. One that is under way is ended, at the service and at S3. */
  remove(item: Item): void {
    this.#items.delete(item.key);
    if (item.open) void item.upload?.abort();
    this.#removed();
  }

  #follow(item: Item, upload: Upload | undefined): void {
    if (!upload) return;
    item.upload = upload;
    upload.subscribe(() => {
      if (item.upload === upload && this.#items.has(item.key)) this.#changed(item);
    });
  }
}

export type Judge = (file: File) => Refusal | null;
export type OptionsOf = (file: File) => FileOptions;
