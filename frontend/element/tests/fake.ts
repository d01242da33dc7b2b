import type { Upload, Uploader, UploadRecord, UploadSnapshot, UploadState } from "@valetkey/client";

/** An upload whose state the test sets. */
export class FakeUpload {
  readonly calls: string[] = [];
  snapshot: UploadSnapshot;
  readonly #listeners = new Set<(snapshot: UploadSnapshot) => void>();

  constructor(readonly file: File) {
    const progress = { sent: 0, total: file.size, fraction: 0, speed: 0, secondsLeft: null };
    this.snapshot = { state: "queued", progress, waiting: null, error: null, upload: null, grant: null };
  }

  get state(): UploadState {
    return this.snapshot.state;
  }

  set(change: Partial<UploadSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const listener of this.#listeners) listener(this.snapshot);
  }

  /** The service knows it by `id`. */
  known(id: string): UploadSnapshot["upload"] {
    return { id } as UploadSnapshot["upload"];
  }

  subscribe(listener: (snapshot: UploadSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  pause(): void {
    this.calls.push("pause");
  }

  resume(): void {
    this.calls.push("resume");
  }

  async abort(): Promise<void> {
    this.calls.push("abort");
  }
}

/** An uploader that starts fake uploads, and has the interrupted ones that a test gives it. */
export class FakeUploader {
  readonly started: FakeUpload[] = [];
  readonly discarded: string[] = [];
  interrupted: Array<{ record: UploadRecord; stored: number | null }> = [];
  /** what `resume` and `discard` reject with */
  error: unknown = null;

  get uploader(): Uploader {
    return this as unknown as Uploader;
  }

  upload(file: File): Upload {
    const upload = new FakeUpload(file);
    this.started.push(upload);
    return upload as unknown as Upload;
  }

  uploadAll(files: Iterable<{ file: File }>): { uploads: Upload[] } {
    return { uploads: Array.from(files, ({ file }) => this.upload(file)) };
  }

  async inspectInterrupted() {
    return this.interrupted;
  }

  async resume({ file }: UploadRecord, chosen: File | null): Promise<Upload> {
    if (this.error) throw this.error;
    return this.upload(chosen ?? new File([], file.name));
  }

  async discard({ id }: UploadRecord): Promise<void> {
    if (this.error) throw this.error;
    this.discarded.push(id);
  }
}

export function fileOf(size: number, name = "a.bin", type = ""): File {
  return new File([new Uint8Array(size)], name, { type, lastModified: 1_700_000_000_000 });
}

export function recordOf(id: string, size = 1000, name = "film.bin"): UploadRecord {
  const file = { name, path: "", size, lastModified: 1_700_000_000_000, type: "" };
  const common = {
    endpoint: "https://uploads.example.com",
    profile: "",
    metadata: {},
    method: "auto" as const,
  };
  return { ...common, id, ticket: "t", file, plan: { partSize: 100, partCount: 10 }, createdAt: Date.now() };
}
