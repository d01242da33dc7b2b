import { type FileLike, factsOf } from "../files/file";
import type { LockedRecord } from "../interrupted/journal";
import type { UploadSpec } from "../interrupted/records";
import type { Checksum, CreateUpload, Method } from "../model/wire";

/** What is declared of a whole file. */
type Digest = "sha256" | "crc64nvme";

/** Options for one file. */
export interface FileOptions {
  /** the profile on the service; else the uploader's, else the ticket's own or "default" */
  profile?: string;
  /** kept by the service beside the upload */
  metadata?: Record<string, string>;
  /** instead of the file's own name; a Blob has none */
  filename?: string;
  /** instead of the file's own type; a file without one gets the type for its name, else application/octet-stream */
  contentType?: string;
  /** how the bytes are sent; "auto" lets the service choose by size */
  method?: Method;
  /**
   * sends a digest, so that a storage that keeps checksums refuses other bytes; the file is read once more for it. AWS has
   * the crc64nvme of what goes in parts, too
   */
  checksum?: Digest;
  /** from the File System Access API: lets the upload be resumed after a reload without choosing the file again */
  handle?: FileSystemFileHandle;
  /** whether an interrupted upload of the same file is continued (true), or a new one begins */
  resume?: boolean;
}

/** One file to upload, with its options resolved. */
export interface Job {
  file: FileLike;
  spec: UploadSpec;
  checksum: Digest | undefined;
  handle: FileSystemFileHandle | undefined;
  /** the idempotency key of its creation */
  key: string;
  /** whether an interrupted upload of the file may be continued */
  resume: boolean;
  /** whether the file was chosen for one interrupted upload: another file is an error then */
  mustMatch?: boolean;
  /** whether the store takes the file in one piece only, so that the service chooses the method */
  whole?: boolean;
  /** Locks the interrupted upload that this job continues, if there is one. */
  lockInterrupted(): Promise<LockedRecord | null>;
}

const LARGE = 2 ** 23; // bytes: more go in parts, as one connection to a distant store is slow

/** A job from the caller's options. */
export function newJob(
  file: FileLike,
  options: FileOptions,
  endpoint: string,
  profile: string,
): Omit<Job, "lockInterrupted"> {
  const spec: UploadSpec = {
    endpoint,
    profile: options.profile ?? profile,
    metadata: options.metadata ?? {},
    method: options.method ?? "auto",
    file: factsOf(file, options),
  };
  const { checksum, handle, resume = true } = options;
  return { file, spec, checksum, handle, resume, key: randomKey() };
}

/** 128 random bits: `crypto.randomUUID` is missing on plain http. */
function randomKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

/** The body of the call that creates the upload. */
export function creationBody({ spec, whole }: Job, checksum?: Checksum): CreateUpload {
  const { profile, metadata, file } = spec;
  const inParts = file.size > LARGE && !whole && !checksum && spec.method === "auto";
  return {
    ...(profile && { profile }),
    ...(file.path && { path: file.path }),
    metadata,
    method: inParts ? "multipart" : spec.method,
    filename: file.name,
    content_type: file.type,
    size: file.size,
    ...(checksum && { checksum }),
  };
}
