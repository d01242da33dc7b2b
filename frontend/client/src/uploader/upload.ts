import type { FileLike } from "../files/file";
import { aborted, typed, UploadRejected, type ValetKeyError } from "../model/errors";
import type { ConfirmedUpload } from "../model/wire";
import { persist, type Waiting } from "../retry/retry";
import { type Progress, Tally } from "../sending/progress";
import type { Job } from "../transfer/job";
import { type Create, Journey, type Roads } from "../transfer/transfer";
import { type Listener, quietly, type UploadSnapshot, type UploadState, Watched } from "./snapshot";

/** One file on its way. */
export interface Upload {
  readonly file: FileLike;
  /** The confirmed upload; rejects with a `ValetKeyError`. Not to look at it is fine: no unhandled rejection comes of it. */
  readonly done: Promise<ConfirmedUpload>;
  readonly state: UploadState;
  /** as it is now; that of the snapshot is as it was when something changed last */
  readonly progress: Progress;
  readonly snapshot: UploadSnapshot;
  /** Calls `listener` with each new snapshot, up to ten times a second; the answer ends it. */
  subscribe(listener: Listener<UploadSnapshot>): () => void;
  /** Stops sending. Parts that are at S3 stay there. Nothing happens to an upload that has ended. */
  pause(): void;
  /** Goes on after `pause`. */
  resume(): void;
  /** Ends the upload here, at the service and at S3. Resolves when the service was told, or cannot be. */
  abort(): Promise<void>;
}

/** What a caller may watch while an upload begins. */
export interface Watching {
  /** ends the upload, as `abort()` does */
  signal?: AbortSignal;
  onProgress?(progress: Progress): void;
}

const EMIT_EVERY = 100; // ms between two snapshots that differ in progress only
const CANCEL_PATIENCE = 30_000; // ms in which the service is told of an abort

const ENDS = new Set<UploadState>(["confirmed", "rejected", "failed", "aborted"]);

/** Drives a `Journey`: starts and stops it, and shows where it is. */
export class RunningUpload implements Upload {
  readonly file: FileLike;
  readonly done: Promise<ConfirmedUpload>;
  readonly #status: Watched<UploadSnapshot>;
  readonly #journey: Journey;
  readonly #roads: Roads;
  readonly #tally: Tally;
  readonly #watching: Watching;
  readonly #waits = new Set<Waiting>();
  #run = new AbortController();
  #unpause: (() => void) | null = null;
  #emitted = 0;
  #cancelled: Promise<void> | null = null;

  constructor(job: Job, roads: Roads, create: Create, watching: Watching) {
    this.file = job.file;
    this.#roads = roads;
    this.#watching = watching;
    this.#tally = new Tally(job.wish.file.size);
    const progress = this.#tally.read();
    this.#status = new Watched<UploadSnapshot>({
      state: "queued",
      progress,
      waiting: null,
      error: null,
      upload: null,
      grant: null,
    });
    this.#journey = new Journey(job, roads, this.#observer(), create);
    this.done = this.#travel();
    this.done.catch(() => {});
  }

  get state(): UploadState {
    return this.snapshot.state;
  }

  get progress(): Progress {
    return this.#tally.read();
  }

  get snapshot(): UploadSnapshot {
    return this.#status.value;
  }

  subscribe(listener: Listener<UploadSnapshot>): () => void {
    return this.#status.subscribe(listener);
  }

  pause(): void {
    if (ENDS.has(this.state) || this.#run.signal.aborted) return;
    this.#show({ state: "paused" });
    this.#run.abort(PAUSED);
  }

  resume(): void {
    if (this.#run.signal.reason !== PAUSED) return;
    this.#run = new AbortController();
    this.#unpause?.();
  }

  abort(): Promise<void> {
    if (ENDS.has(this.state)) return this.#cancelled ?? Promise.resolve();
    this.#run.abort(aborted()); // no effect on a paused run, which is aborted already
    this.#end("aborted", aborted());
    this.#unpause?.();
    this.#cancelled ??= this.#cancel();
    return this.#cancelled;
  }

  async #travel(): Promise<ConfirmedUpload> {
    const { signal } = this.#watching;
    const stop = () => void this.abort();
    await null; // the caller gets to see the upload before anything happens to it
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await this.#untilEnd();
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#waits.clear();
    }
  }

  async #untilEnd(): Promise<ConfirmedUpload> {
    while (!this.#aborted()) {
      const { signal } = this.#run;
      try {
        const upload = await this.#journey.advance(signal);
        if (this.#aborted()) break;
        await this.#journey.forget();
        this.#tally.finish();
        this.#show({ state: "confirmed", upload, waiting: null });
        return upload;
      } catch (thrown) {
        if (this.#aborted()) break;
        if (signal.reason === PAUSED) await this.#resumed();
        else throw await this.#failed(typed(thrown));
      }
    }
    throw this.snapshot.error ?? aborted();
  }

  #aborted(): boolean {
    return this.state === "aborted";
  }

  /** Resolves when `resume` or `abort` was called. */
  #resumed(): Promise<void> {
    if (!this.#run.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#unpause = resolve;
    });
  }

  async #failed(error: ValetKeyError): Promise<ValetKeyError> {
    const final = error instanceof UploadRejected || error.code === "upload_ended";
    if (final) await this.#journey.forget();
    else this.#journey.release();
    this.#end(error instanceof UploadRejected ? "rejected" : "failed", error);
    return error;
  }

  #end(state: UploadState, error: ValetKeyError): void {
    this.#waits.clear();
    this.#show({ state, error, waiting: null });
  }

  async #cancel(): Promise<void> {
    await this.done.catch(() => {}); // a creation that was on its way may still succeed
    const { signal } = new AbortController();
    const policy = { ...this.#roads.retry, patience: Math.min(CANCEL_PATIENCE, this.#roads.retry.patience) };
    const tell = () => this.#journey.cancel(signal);
    await persist(tell, { policy, signal, onWait: () => () => {} }).catch(() => {}); // then it expires by itself
    await this.#journey.forget();
  }

  #observer() {
    return {
      tally: this.#tally,
      stage: (state: UploadState) => this.#run.signal.aborted || this.#show({ state }),
      moved: () => this.#moved(),
      known: (upload: UploadSnapshot["upload"]) => this.#show({ upload }),
      granted: (grant: UploadSnapshot["grant"]) => this.#show({ grant }),
      waiting: (waiting: Waiting) => {
        this.#waits.add(waiting);
        this.#show({ waiting });
        return () => {
          this.#waits.delete(waiting);
          this.#show({ waiting: [...this.#waits].at(-1) ?? null });
        };
      },
    };
  }

  #moved(): void {
    if (Date.now() - this.#emitted >= EMIT_EVERY) this.#show({});
  }

  /** Shows a change, unless the upload has ended; while it is paused, only that it is. */
  #show(change: Partial<UploadSnapshot>): void {
    if (ENDS.has(this.state) || (this.#run.signal.aborted && change.state === undefined)) return;
    const before = this.snapshot.progress.sent;
    const progress = this.#tally.read();
    this.#emitted = Date.now();
    this.#status.set({ ...this.snapshot, ...change, progress });
    if (progress.sent !== before) quietly(() => this.#watching.onProgress?.(progress));
  }
}

const PAUSED = Symbol("paused");
