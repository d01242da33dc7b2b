import { Directory, File, FileMode, Paths } from "expo-file-system";

const CHUNK = 1024 * 1024; // bytes that are held in memory while a file is copied
const FOLDER = "valetkey";
const MAX_AGE = 7 * 86_400_000; // ms: no background session of iOS lives longer

interface Facts {
  /** bytes */
  size: number;
  /** ms since the epoch; 0 where the system does not know it */
  lastModified: number;
}

/**
 * A file of the device as it is now, or a range of one. Its bytes are read when they are needed, a piece at a time.
 * Once the file has another size or date, nothing of it can be read any more, as in a browser: the client relies on that.
 */
export class NativeFile extends Blob {
  override readonly size: number;
  override readonly type: string;
  readonly name: string;
  readonly lastModified: number;
  readonly source: File;
  /** of the whole file, when it was chosen */
  readonly #facts: Facts;
  readonly #start: number;

  /** `start` and `end` are in bytes, `end` exclusive. */
  constructor(source: File, start = 0, end?: number, type = source.type, facts = factsOf(source)) {
    super([]);
    this.source = source;
    this.name = source.name;
    this.lastModified = facts.lastModified;
    this.type = type ?? "";
    this.#facts = facts;
    this.#start = start;
    this.size = (end ?? facts.size) - start;
  }

  /** Throws once the file has changed. Where the system gives no date, another size tells it alone. */
  assertUnchanged(): void {
    const { size, lastModified } = factsOf(this.source);
    if (size !== this.#facts.size || lastModified !== this.#facts.lastModified)
      throw new Error(`${this.source.uri} has changed`);
  }

  /** Whether it is all of its file, which then is sent as it is. */
  get isWhole(): boolean {
    return this.#start === 0 && this.size === this.#facts.size;
  }

  override slice(start = 0, end = this.size, type = ""): NativeFile {
    const from = start < 0 ? Math.max(0, this.size + start) : Math.min(start, this.size);
    const to = Math.max(from, Math.min(end, this.size));
    return new NativeFile(this.source, this.#start + from, this.#start + to, type, this.#facts);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(this.size);
    let at = 0;
    await this.#read(this.size, async (piece) => {
      bytes.set(piece, at);
      at += piece.length;
    });
    return bytes.buffer;
  }

  /** Writes these bytes after what `to` has. Rejects if the file has changed. */
  async appendTo(to: File): Promise<void> {
    const out = to.open(FileMode.Append);
    try {
      await this.#read(CHUNK, (piece) => out.writeBytes(piece));
    } finally {
      out.close();
    }
  }

  async #read(most: number, take: (piece: Uint8Array) => Promise<void>): Promise<void> {
    this.assertUnchanged();
    const handle = this.source.open(FileMode.ReadOnly);
    try {
      handle.offset = this.#start;
      for (let left = this.size; left > 0; ) {
        const piece = await handle.readBytes(Math.min(most, left));
        if (piece.length === 0) throw new Error(`${this.source.uri} has become shorter`);
        left -= piece.length;
        await take(piece);
      }
    } finally {
      handle.close();
    }
    this.assertUnchanged();
  }
}

function factsOf({ size, lastModified }: File): Facts {
  return { size, lastModified: lastModified ?? 0 };
}

/** An empty file of ours among those that the system may remove. The name of its file says when it was made. */
export function temporaryFile(): File {
  const folder = new Directory(Paths.cache, FOLDER);
  folder.create({ intermediates: true, idempotent: true });
  const file = new File(folder, `${Date.now()}-${Math.random().toString(36).slice(2)}`);
  file.create();
  return file;
}

/** Removes what an app left that was ended while it sent. */
export function removeOldTemporaryFiles(): void {
  const folder = new Directory(Paths.cache, FOLDER);
  if (!folder.exists) return;
  for (const entry of folder.list()) {
    const age = Date.now() - Number.parseInt(entry.name, 10);
    if (entry instanceof File && age > MAX_AGE) remove(entry);
  }
}

/** Removes a temporary file; one that stays is removed later. */
export function remove(file: File): void {
  try {
    file.delete();
  } catch {
    // the system was faster
  }
}

/**
 * Runs `work` with these bytes as a file of their own: the file itself if they are all of it, else a copy. Rejects if
 * the file has changed meanwhile.
 */
export async function asFile<T>(bytes: NativeFile, work: (file: File) => Promise<T>): Promise<T> {
  if (bytes.isWhole) {
    bytes.assertUnchanged();
    const result = await work(bytes.source);
    bytes.assertUnchanged();
    return result;
  }
  const copy = temporaryFile();
  try {
    await bytes.appendTo(copy);
    return await work(copy);
  } finally {
    remove(copy);
  }
}
