import { type FileLike, factsOf } from "../files/file";
import type { Claimed } from "../interrupted/journal";
import type { Wish } from "../interrupted/records";
import type { CreateUpload, Method } from "../model/wire";

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
