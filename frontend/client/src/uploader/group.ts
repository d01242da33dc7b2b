import type { ConfirmedUpload } from "../model/wire";
import type { Progress } from "../sending/progress";
import { callSafely, type Listener, Observable } from "./observable";
import type { Upload, WatchOptions } from "./upload";

/** The state of a group of files at one moment. */
export interface GroupSnapshot {
  readonly progress: Progress;
  /** how many have ended, and how many of these without being confirmed */
  readonly ended: number;
  readonly failed: number;
  readonly count: number;
}

/** The uploads of several files. */
export interface UploadGroup {
  /** in the order of the files */
  readonly uploads: readonly Upload[];
  /** One result per file, in their order. Never rejects. */
  readonly done: Promise<PromiseSettledResult<ConfirmedUpload>[]>;
  readonly snapshot: GroupSnapshot;
  /** Calls `listener` with each new snapshot, up to ten times a second, until the returned function is called. */
  subscribe(listener: Listener<GroupSnapshot>): () => void;
  pause(): void;
  resume(): void;
  /** Resolves when each upload is aborted at the service, or that has failed. */
  abort(): Promise<void>;
}

const EMIT_EVERY = 100; // ms

/** A group of running uploads: adds up their progress, and passes calls on to each. */
export class RunningGroup implements UploadGroup {
  declare readonly uploads: readonly Upload[];
  declare readonly done: Promise<PromiseSettledResult<ConfirmedUpload>[]>;
  readonly #status: Observable<GroupSnapshot>;
  readonly #onProgress: WatchOptions["onProgress"];
  #sent = 0;
  readonly #total: number;
  readonly #moving = new Map<Upload, number>();
  readonly #startedAt = performance.now();
  #ended = 0;
  #failed = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(uploads: readonly Upload[], onProgress?: WatchOptions["onProgress"]) {
    this.uploads = uploads;
    this.#onProgress = onProgress;
    this.#total = uploads.reduce((sum, { file }) => sum + file.size, 0);
    this.#status = new Observable(this.#read());
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
    const end = () => {
      leave();
      this.#moving.delete(upload);
      this.#sent += upload.snapshot.progress.sent;
      this.#ended++;
    };
    upload.done.then(end, () => {
      end();
      this.#failed++;
    });
  }

  #show(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const snapshot = this.#read();
    this.#status.set(snapshot);
    callSafely(() => this.#onProgress?.(snapshot.progress));
  }

  #read(): GroupSnapshot {
    let sent = this.#sent;
    for (const bytes of this.#moving.values()) sent += bytes;
    const total = this.#total;
    const speed = (sent * 1000) / Math.max(1, performance.now() - this.#startedAt);
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
