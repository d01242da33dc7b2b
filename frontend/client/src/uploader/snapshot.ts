import type { ValetKeyError } from "../model/errors";
import type { Grant, UploadBody } from "../model/wire";
import type { Waiting } from "../retry/retry";
import type { Progress } from "../sending/progress";
import type { Stage } from "../transfer/transfer";

/** Where an upload is. The last four are ends, but `failed` can be tried again: `uploader.upload` of the same file goes on. */
export type UploadState = Stage | "paused" | "confirmed" | "rejected" | "failed" | "aborted";

/** All that can be shown of an upload at one moment. It never changes: there is a new one for each change. */
export interface UploadSnapshot {
  readonly state: UploadState;
  readonly progress: Progress;
  /** why nothing moves, while something is tried again or there is no network */
  readonly waiting: Waiting | null;
  /** after `rejected`, `failed` and `aborted` */
  readonly error: ValetKeyError | null;
  /** the upload as the service last told it; null before it knows it */
  readonly upload: UploadBody | null;
  /** what the service last allowed to be done at S3; null before, and where the bytes were there already */
  readonly grant: Grant | null;
}

export type Listener<T> = (snapshot: T) => void;

/** A value that can be watched. `subscribe` and `snapshot` are what React's `useSyncExternalStore` asks for. */
export class Watched<T> {
  #value: T;
  readonly #listeners = new Set<Listener<T>>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const listener of [...this.#listeners]) quietly(() => listener(value));
  }

  subscribe(listener: Listener<T>): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

/** Runs a caller's function. What it throws is reported as uncaught, and cannot break an upload. */
export function quietly(run: () => void): void {
  try {
    run();
  } catch (error) {
    globalThis.reportError?.(error);
  }
}
