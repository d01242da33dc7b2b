import type { FileLike, FileOptions, Upload, UploadSnapshot, UploadState } from "@valetkey/client";
import type { Key } from "../language/messages";
import type { EarlierUpload } from "./earlier";

/** The state of an item: that of its upload, or refused by the element itself before the service was asked. */
export type ItemState = UploadState | "refused";

/** Why the element refused a file. */
export interface Refusal {
  key: Extract<Key, "wrongKind" | "tooLarge" | "tooSmall" | "empty">;
  /** bytes, for `tooLarge` and `tooSmall` */
  limit?: number;
}

const MOVING = new Set<ItemState>(["queued", "hashing", "creating", "sending", "confirming"]);
const FAILED = new Set<ItemState>(["rejected", "failed", "refused"]);

const OTHER_FILE = new Set(["file_changed", "file_mismatch"]); // the file that was chosen cannot be used any more
const HOPELESS = new Set([413, 415, 422]); // the service would refuse it again

/** One file in the list. */
export class Item {
  /** null for a refused file, and before it is started; replaced by a retry */
  upload: Upload | null = null;
  /** the state that was reported last */
  reportedState: ItemState | null = null;

  constructor(
    readonly key: number,
    readonly file: File,
    public refusal: Refusal | null,
    /** its options, which a retry uses again */
    readonly options: FileOptions = {},
    /** the id of the interrupted upload that it continues */
    readonly interruptedId: string | null = null,
  ) {}

  get snapshot(): UploadSnapshot | null {
    return this.upload?.snapshot ?? null;
  }

  /** with its path, if it came in a folder */
  get name(): string {
    const { webkitRelativePath }: FileLike = this.file;
    return webkitRelativePath || this.file.name;
  }

  /** bytes. An upload that was resumed without its file has an empty one, so the progress counts. */
  get size(): number {
    return this.snapshot?.progress.total ?? this.file.size;
  }

  /** the service's id for it; null before it has one */
  get uploadId(): string | null {
    return this.snapshot?.upload?.id ?? this.interruptedId;
  }

  /** bytes that S3 has */
  get sent(): number {
    return this.snapshot?.progress.sent ?? 0;
  }

  get state(): ItemState {
    return this.refusal ? "refused" : (this.upload?.state ?? "queued");
  }

  /** running: neither paused nor ended */
  get moving(): boolean {
    return MOVING.has(this.state);
  }

  /** more than one attempt has failed, or there is no network */
  get stuck(): boolean {
    const waiting = this.moving && this.snapshot?.waiting;
    return Boolean(waiting && (waiting.reason === "offline" || waiting.attempt > 1));
  }

  /** running or paused */
  get open(): boolean {
    return this.moving || this.state === "paused";
  }

  /** ended without success, and not by the user */
  get failed(): boolean {
    return FAILED.has(this.state);
  }

  /** whether a retry may help */
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

/** An upload that was confirmed before this page was shown: its file is elsewhere. */
export class EarlierItem extends Item {
  readonly #upload: EarlierUpload;
  override reportedState: ItemState | null = "confirmed"; // that is no news

  constructor(key: number, upload: EarlierUpload) {
    super(key, new File([], upload.filename), null);
    this.#upload = upload;
  }

  override get name(): string {
    return this.#upload.path || this.#upload.filename;
  }

  override get size(): number {
    return this.#upload.size ?? 0;
  }

  override get sent(): number {
    return this.size;
  }

  override get uploadId(): string {
    return this.#upload.id;
  }

  override get confirmedId(): string {
    return this.#upload.id;
  }

  override get state(): ItemState {
    return "confirmed";
  }
}
