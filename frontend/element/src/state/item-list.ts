import type { FileOptions, Upload, Uploader, UploadRecord } from "@valetkey/client";
import type { BulkAction } from "./bulk-actions";
import type { EarlierUpload } from "./earlier";
import { EarlierItem, Item, type Refusal } from "./item";

/** The list of files and their uploads. `changed` and `removed` are called with every change. */
export class ItemList {
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

  /** Adds files. Those that `check` does not refuse are uploaded at once; without an uploader they wait for `start`. */
  add(files: readonly File[], check: Check, optionsOf: OptionsOf, uploader: Uploader | null): Item[] {
    const items = files.map((file) => {
      const refusal = check(file);
      return new Item(this.#next++, file, refusal, refusal ? {} : optionsOf(file));
    });
    for (const item of items) this.#items.set(item.key, item);
    if (uploader) this.#upload(items, uploader);
    for (const item of items) this.#changed(item);
    return items;
  }

  /** Uploads those of `items` that wait for it, and that `check` does not refuse. */
  start(items: readonly Item[], check: Check, uploader: Uploader): void {
    const waiting = items.filter((item) => !item.refusal && this.#items.has(item.key));
    for (const item of waiting) item.refusal = check(item.file);
    this.#upload(waiting, uploader);
    for (const item of waiting) this.#changed(item);
  }

  /** In as few calls as possible. */
  #upload(items: readonly Item[], uploader: Uploader): void {
    const good = items.filter((item) => !item.refusal);
    const { uploads } = uploader.uploadAll(good.map(({ file, options }) => ({ file, ...options })));
    for (const [index, item] of good.entries()) this.#follow(item, uploads[index]);
  }

  /** Adds an interrupted upload that was resumed. */
  addInterrupted(upload: Upload, { id, profile, metadata, method, handle }: UploadRecord): Item {
    const options = { profile, metadata, method, ...(handle && { handle }) };
    const item = new Item(this.#next++, upload.file as File, null, options, id);
    this.#items.set(item.key, item);
    this.#follow(item, upload);
    this.#changed(item);
    return item;
  }

  /** Adds what was confirmed before this page was shown, before all else. */
  addEarlier(uploads: readonly EarlierUpload[]): Item[] {
    const known = new Set(this.items.map(({ uploadId }) => uploadId));
    const added = uploads.filter(({ id }) => !known.has(id)).map((one) => new EarlierItem(this.#next++, one));
    const later = this.items;
    this.#items.clear();
    for (const item of [...added, ...later]) this.#items.set(item.key, item);
    return added;
  }

  /** Retries a failed or cancelled item; what S3 has is not sent again. */
  retry(item: Item, uploader: Uploader): void {
    if (!item.retryable) return;
    this.#follow(item, uploader.upload(item.file, item.options));
    this.#changed(item);
  }

  /** Applies an action to every item. */
  applyToAll(what: BulkAction, uploader: Uploader): void {
    for (const item of this.items) {
      if (what === "pauseAll") item.upload?.pause();
      if (what === "resumeAll") item.upload?.resume();
      if (what === "cancelAll") this.cancel(item);
      if (what === "retryAll") this.retry(item, uploader);
      if (what === "clear" || (what === "removeFailed" && item.failed)) this.remove(item);
    }
  }

  /** Aborts an item that is running or paused, at the service and at S3; one that nobody has begun to upload is removed. */
  cancel(item: Item): void {
    if (item.upload) void item.upload.abort();
    else if (item.open) this.remove(item);
  }

  /** Removes an item. One that is running or paused is aborted, at the service and at S3. */
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

export type Check = (file: File) => Refusal | null;
export type OptionsOf = (file: File) => FileOptions;
