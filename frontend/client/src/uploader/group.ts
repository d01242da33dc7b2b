import type { ConfirmedUpload } from "../model/wire";
import type { Progress } from "../sending/progress";
import { type Listener, quietly, Watched } from "./snapshot";
import type { Upload, Watching } from "./upload";

/** How a group of files is doing. */
export interface GroupSnapshot {
  readonly progress: Progress;
  /** how many have ended, and how many of these without being confirmed */
  readonly ended: number;
  readonly failed: number;
  readonly count: number;
}

/** Several files on their way. */
export interface UploadGroup {
  /** in the order of the files */
  readonly uploads: readonly Upload[];
  /** One result per file, in their order. Never rejects. */
  readonly done: Promise<PromiseSettledResult<ConfirmedUpload>[]>;
  readonly snapshot: GroupSnapshot;
  /** Calls `listener` with each new snapshot, up to ten times a second; the answer ends it. */
  subscribe(listener: Listener<GroupSnapshot>): () => void;
  pause(): void;
  resume(): void;
  /** Resolves when the service was told of each one that it knew, or cannot be. */
  abort(): Promise<void>;
}

const EMIT_EVERY = 100; // ms

/** A group of uploads that are driven by themselves: it counts, and passes on what it is told. */
export class RunningGroup implements UploadGroup {
  readonly uploads: readonly Upload[];
  readonly done: Promise<PromiseSettledResult<ConfirmedUpload>[]>;
  readonly #status: Watched<GroupSnapshot>;
  readonly #onProgress: Watching["onProgress"];
  #sent = 0;
  readonly #total: number;
  readonly #moving = new Map<Upload, number>();
  readonly #startedAt = Date.now();
  #ended = 0;
  #failed = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(uploads: readonly Upload[], onProgress?: Watching["onProgress"]) {
    this.uploads = uploads;
    this.#onProgress = onProgress;
    this.#total = uploads.reduce((sum, { file }) => sum + file.size, 0);
    this.#status = new Watched(this.#read());
    for (const upload of uploads) this.#watch(upload);
    this.done = Promise.allSettled(uploads.map((upload) => upload.done)).then((results) => {
      this.#show();
      return results;
    });
  }

  get snapshot(): GroupSnapshot {
    return this.#status.value;
  }

  subscribe(listener: Listener<GroupSnapshot>): () => void {
    return this.#status.subscribe(listener);
  }

  pause(): void {
    for (const upload of this.uploads) upload.pause();
  }

  resume(): void {
    for (const upload of this.uploads) upload.resume();
  }

  async abort(): Promise<void> {
    await Promise.all(this.uploads.map((upload) => upload.abort()));
  }

  #watch(upload: Upload): void {
    const leave = upload.subscribe(({ progress }) => {
      this.#moving.set(upload, progress.sent);
      this.#timer ??= setTimeout(() => this.#show(), EMIT_EVERY);
    });
    const end = (sent: number) => {
      leave();
      this.#moving.delete(upload);
      this.#sent += sent;
      this.#ended++;
    };
    upload.done.then(
      () => end(upload.file.size),
      () => {
        end(upload.snapshot.progress.sent);
        this.#failed++;
      },
    );
  }

  #show(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const snapshot = this.#read();
    this.#status.set(snapshot);
    quietly(() => this.#onProgress?.(snapshot.progress));
  }

  #read(): GroupSnapshot {
    let sent = this.#sent;
    for (const bytes of this.#moving.values()) sent += bytes;
    const total = this.#total;
    const speed = (sent * 1000) / Math.max(1, Date.now() - this.#startedAt);
    const count = this.uploads.length;
    const fraction = total > 0 ? sent / total : this.#ended / Math.max(1, count);
    const secondsLeft = speed > 0 ? (total - sent) / speed : null;
    return {
      progress: { sent, total, fraction, speed, secondsLeft },
      ended: this.#ended,
      failed: this.#failed,
      count,
    };
  }
}
