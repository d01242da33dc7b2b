import type { FileLike, FileOptions, Upload, UploadSnapshot, UploadState } from "@valetkey/client";
import type { Key } from "../language/messages";

/** Where an item is: as its upload, or refused by the element itself, before the service was asked. */
export type ItemState = UploadState | "refused";

/** Why the element did not take a file. */
export interface Refusal {
  key: Extract<Key, "wrongKind" | "tooLarge">;
  /** bytes, for `tooLarge` */
  limit?: number;
}

const MOVING = new Set<ItemState>(["queued", "hashing", "creating", "sending", "confirming"]);
const FAILED = new Set<ItemState>(["rejected", "failed", "refused"]);

const OTHER_FILE = new Set(["file_changed", "file_mismatch"]); // what was picked is of no use any more
const HOPELESS = new Set([413, 415, 422]); // the service said no, and will say so again

/** One file in the list. */
export class Item {
  /** null for a refused one; another one after a retry */
  upload: Upload | null = null;
  /** the state that was told last */
  told: ItemState | null = null;

  constructor(
    readonly key: number,
    readonly file: File,
    readonly refusal: Refusal | null,
    /** what was said about it when it began, which a retry says again */
    readonly options: FileOptions = {},
    /** the id of the interrupted upload that it goes on with */
    readonly resumed: string | null = null,
  ) {}

  get snapshot(): UploadSnapshot | null {
    return this.upload?.snapshot ?? null;
  }

  /** with its path in the folder that it came in */
  get name(): string {
    const { webkitRelativePath }: FileLike = this.file;
    return webkitRelativePath || this.file.name;
  }

  /** bytes. Of an upload that needed no file when it went on, the file has none. */
  get size(): number {
    return this.snapshot?.progress.total ?? this.file.size;
  }

  /** the service's id of it; null before it has one */
  get uploadId(): string | null {
    return this.snapshot?.upload?.id ?? this.resumed;
  }

  get state(): ItemState {
    return this.refusal ? "refused" : (this.upload?.state ?? "queued");
  }

  /** on its way by itself */
  get moving(): boolean {
    return MOVING.has(this.state);
  }

  /** nothing has answered for more than one attempt, or there is no network */
  get stuck(): boolean {
    const waiting = this.moving && this.snapshot?.waiting;
    return Boolean(waiting && (waiting.reason === "offline" || waiting.attempt > 1));
  }

  /** on its way, or paused on it */
  get open(): boolean {
    return this.moving || this.state === "paused";
  }

  /** ended without success, and not because the user wanted so */
  get failed(): boolean {
    return FAILED.has(this.state);
  }

  /** whether trying again may help */
  get retryable(): boolean {
    if (this.file.size !== this.size) return false;
    if (this.state === "aborted") return true;
    const { status = 0, code = "" } = this.snapshot?.error ?? {};
    return this.state === "failed" && !HOPELESS.has(status) && !OTHER_FILE.has(code);
  }

  /** the id of the confirmed upload */
  get confirmedId(): string | null {
    return this.state === "confirmed" ? (this.snapshot?.upload?.id ?? null) : null;
  }
}
