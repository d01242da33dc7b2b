import { NEVER } from "../async/abort";
import type { FileLike } from "../files/file";
import { aborted, asValetKeyError, UploadRejected, type ValetKeyError } from "../model/errors";
import type { ConfirmedUpload } from "../model/wire";
import { type Waiting, withRetry } from "../retry/retry";
import { type Progress, ProgressMeter } from "../sending/progress";
import type { Job } from "../transfer/job";
import { type Create, Transfer, type TransferContext } from "../transfer/transfer";
import { callSafely, type Listener, Observable } from "./observable";
import type { UploadSnapshot, UploadState } from "./snapshot";

/** The upload of one file. */
export interface Upload {
  readonly file: FileLike;
  /** The confirmed upload; rejects with a `ValetKeyError`. It may be ignored: it causes no unhandled rejection. */
  readonly done: Promise<ConfirmedUpload>;
  readonly state: UploadState;
  /** at this moment; the snapshot has it as of the last change */
  readonly progress: Progress;
  readonly snapshot: UploadSnapshot;
  /** Calls `listener` with each new snapshot, up to ten times a second, until the returned function is called. */
  subscribe(listener: Listener<UploadSnapshot>): () => void;
  /** Stops sending. Parts that S3 has stay there. Does nothing to an upload that has ended. */
  pause(): void;
  /** Continues after `pause`. */
  resume(): void;
  /** Ends the upload here, at the service and at S3. Resolves when the service has aborted it, or that has failed. */
  abort(): Promise<void>;
}

/** How a caller follows an upload from its beginning. */
export interface WatchOptions {
  /** ends the upload, as `abort()` does */
  signal?: AbortSignal;
  onProgress?(progress: Progress): void;
}

const EMIT_EVERY = 100; // ms between two snapshots that differ in progress only
const CANCEL_PATIENCE = 30_000; // ms for which aborting at the service is retried

const FINAL_STATES = new Set<UploadState>(["confirmed", "rejected", "failed", "aborted"]);

/** Starts, stops and repeats a `Transfer`, and publishes its state. */
export class RunningUpload implements Upload {
  declare readonly file: FileLike;
  declare readonly done: Promise<ConfirmedUpload>;
  readonly #status: Observable<UploadSnapshot>;
  readonly #transfer: Transfer;
  readonly #context: TransferContext;
  readonly #meter: ProgressMeter;
  readonly #options: WatchOptions;
  readonly #waits = new Set<Waiting>();
  #run = new AbortController();
  #unpause: (() => void) | null = null;
  #emitted = 0;
  #cancelled: Promise<void> | null = null;

  constructor(job: Job, context: TransferContext, create: Create, watching: WatchOptions) {
    this.file = job.file;
    this.#context = context;
    this.#options = watching;
    this.#meter = new ProgressMeter(job.spec.file.size);
    const progress = this.#meter.read();
    this.#status = new Observable<UploadSnapshot>({
      state: "queued",
      progress,
      waiting: null,
      error: null,
      upload: null,
      grant: null,
    });
    this.#transfer = new Transfer(job, context, this.#observer(), create);
    this.done = this.#drive();
    this.done.catch(() => {});
  }

  get state(): UploadState {
    return this.snapshot.state;
  }

  get progress(): Progress {
    return this.#meter.read();
  }

  get snapshot(): UploadSnapshot {
    return this.#status.value;
  }

  subscribe(listener: Listener<UploadSnapshot>): () => void {
    return this.#status.subscribe(listener);
  }

  pause(): void {
    if (FINAL_STATES.has(this.state) || this.#run.signal.aborted) return;
    this.#run.abort(PAUSED);
    this.#show({ state: "paused" });
  }

  resume(): void {
    if (this.#run.signal.reason !== PAUSED) return;
    this.#run = new AbortController();
    this.#unpause?.();
  }

  abort(): Promise<void> {
    if (FINAL_STATES.has(this.state)) return this.#cancelled ?? Promise.resolve();
    this.#run.abort(aborted()); // no effect on a paused run, which is aborted already
    this.#end("aborted", aborted());
    this.#unpause?.();
    this.#cancelled ??= this.#cancel();
    return this.#cancelled;
  }

  async #drive(): Promise<ConfirmedUpload> {
    const { signal } = this.#options;
    const stop = () => void this.abort();
    await null; // the caller gets the upload before its state changes
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
        const upload = await this.#transfer.run(signal);
        if (this.#aborted()) break;
        await this.#transfer.forget();
        this.#meter.finish();
        this.#show({ state: "confirmed", upload, waiting: null });
        return upload;
      } catch (thrown) {
        if (this.#aborted()) break;
        if (signal.reason === PAUSED) await this.#resumed();
        else throw await this.#failed(asValetKeyError(thrown));
      }
    }
    throw this.snapshot.error ?? aborted();
  }

  #aborted(): boolean {
    return this.state === "aborted";
  }

  /** Resolves when `resume` or `abort` is called. */
  #resumed(): Promise<void> {
    if (!this.#run.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#unpause = resolve;
    });
  }

  async #failed(error: ValetKeyError): Promise<ValetKeyError> {
    const final = error instanceof UploadRejected || error.code === "upload_ended";
    if (final) await this.#transfer.forget();
    else this.#transfer.release();
    this.#end(error instanceof UploadRejected ? "rejected" : "failed", error);
    return error;
  }

  #end(state: UploadState, error: ValetKeyError): void {
    this.#waits.clear();
    this.#show({ state, error, waiting: null });
  }

  async #cancel(): Promise<void> {
    await this.done.catch(() => {}); // a creation that was being sent may still succeed
    const policy = {
      ...this.#context.retryPolicy,
      patience: Math.min(CANCEL_PATIENCE, this.#context.retryPolicy.patience),
    };
    const tell = () => this.#transfer.cancel(NEVER);
    await withRetry(tell, { policy, signal: NEVER, onWait: () => () => {} }).catch(() => {}); // then it expires by itself
    await this.#transfer.forget();
  }

  #observer() {
    return {
      meter: this.#meter,
      onStage: (state: UploadState) => this.#run.signal.aborted || this.#show({ state }),
      onProgress: () => this.#moved(),
      onUpload: (upload: UploadSnapshot["upload"]) => this.#show({ upload }),
      onGrant: (grant: UploadSnapshot["grant"]) => this.#show({ grant }),
      onWait: (waiting: Waiting) => {
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
    if (performance.now() - this.#emitted >= EMIT_EVERY) this.#show({});
  }

  /** Publishes a change, unless the upload has ended; while it is paused, only changes of state. */
  #show(change: Partial<UploadSnapshot>): void {
    if (FINAL_STATES.has(this.state) || (this.#run.signal.aborted && change.state === undefined)) return;
    const before = this.snapshot.progress.sent;
    const progress = this.#meter.read();
    this.#emitted = performance.now();
    this.#status.set({ ...this.snapshot, ...change, progress });
    if (progress.sent !== before) callSafely(() => this.#options.onProgress?.(progress));
  }
}

const PAUSED = Symbol("paused");
