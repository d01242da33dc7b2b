import type { Claimed } from "./journal";
import type { FileFacts, Wish } from "./records";
import type { CreateUpload, Method } from "./wire";

/** What may be uploaded: a picked File, or any Blob. */
export type FileLike = Blob & {
  readonly name?: string;
  readonly lastModified?: number;
  readonly webkitRelativePath?: string;
};

/** What may be said about one file. */
export interface FileOptions {
  /** the profile on the service; else the uploader's, else the ticket's own or "default" */
  profile?: string;
  /** kept by the service beside the upload */
  metadata?: Record<string, string>;
  /** instead of the file's own name; a Blob has none */
  filename?: string;
  /** instead of the file's own type; where it has none the one that its name tells, else application/octet-stream */
  contentType?: string;
  /** how the bytes travel; "auto" lets the service choose by size */
  method?: Method;
  /** sends a digest along, so that a store that keeps checksums refuses other bytes; the file is read once more for it */
  checksum?: "sha256";
  /** from the File System Access API: lets the upload go on after a reload without picking the file again */
  handle?: FileSystemFileHandle;
  /** whether an interrupted upload of the same file goes on (true), or a new one begins */
  resume?: boolean;
}

/** One file with what has been decided about it. */
export interface Job {
  file: FileLike;
  wish: Wish;
  checksum: "sha256" | undefined;
  handle: FileSystemFileHandle | undefined;
  /** makes repeated creations one */
  key: string;
  /** whether an interrupted upload of the file may go on */
  resume: boolean;
  /** whether the file was picked for one interrupted upload: that it is another one has to be said */
  picked?: boolean;
  /** Claims the interrupted upload that this one goes on with, if there is one. */
  find(): Promise<Claimed | null>;
}

const NUL = /\0/g;
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** A job from what the caller says. */
export function jobOf(
  file: FileLike,
  options: FileOptions,
  endpoint: string,
  profile: string,
): Omit<Job, "find"> {
  const wish: Wish = {
    endpoint,
    profile: options.profile ?? profile,
    metadata: options.metadata ?? {},
    method: options.method ?? "auto",
    file: factsOf(file, options),
  };
  const { checksum, handle, resume = true } = options;
  return { file, wish, checksum, handle, resume, key: randomKey() };
}

/** 128 random bits: `crypto.randomUUID` is not there on plain http. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((word) => word.toString(36)).join("-");
}

/** What is known of a file; its type is "" where only its name can tell it. A Blob without a time is never taken for one that was seen before. */
export function factsOf(file: FileLike, { filename, contentType }: FileOptions = {}): FileFacts {
  const name = (filename ?? file.name ?? "blob").replace(NUL, "").replace(LONE_SURROGATES, "\uFFFD");
  return {
    name,
    path: file.webkitRelativePath ?? "",
    size: file.size,
    lastModified: file.lastModified ?? Date.now(),
    type: contentType || file.type,
  };
}

/**
 * Gives a file without a type the one that its name tells. Before that nobody knows whether it is one that was seen before, and
 * nothing is asked for. The table is loaded on demand: browsers know most types.
 */
export async function settleType({ file }: Wish): Promise<void> {
  if (file.type) return;
  const table = await import("./file-types").catch(() => null);
  file.type = table?.typeOf(file.name) || "application/octet-stream";
}

/** The body of the call that creates the upload. */
export function creation({ wish }: Job, checksum?: string): CreateUpload {
  const { profile, metadata, method, file } = wish;
  const body: CreateUpload = {
    ...(profile && { profile }),
    metadata,
    method,
    filename: file.name,
    content_type: file.type,
    size: file.size,
  };
  return checksum === undefined ? body : { ...body, checksum: { algorithm: "sha256", value: checksum } };
}
