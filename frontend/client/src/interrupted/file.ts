import { sampleOf } from "../digests/fingerprint";
import type { FileLike } from "../files/file";
import { fileChanged, ValetKeyError } from "../model/errors";
import type { UploadRecord } from "./records";

/** What TypeScript's DOM does not know yet of a handle. */
interface AskingHandle extends FileSystemFileHandle {
  queryPermission?(descriptor: { mode: "read" }): Promise<PermissionState>;
  requestPermission?(descriptor: { mode: "read" }): Promise<PermissionState>;
}

/** The file behind a record's handle. Rejects with `file_needed` when there is none, or reading it is not allowed. */
export async function fileOf({ handle, file }: UploadRecord): Promise<FileLike> {
  const found = handle && (await read(handle));
  if (!found) throw new ValetKeyError("file_needed", `Pick "${file.name}" again to go on with its upload.`);
  if (!same(file, found)) throw fileChanged();
  return found;
}

/** Throws `file_mismatch` unless `file` can be what the record is about. */
export function assertSame({ file: expected }: UploadRecord, file: FileLike): void {
  if (!same(expected, file)) throw mismatch(expected.name);
}

/** The same by a look into the file: pieces of it are compared, all of a small one. */
export async function assertSample(
  { file: { name, size }, sample }: UploadRecord,
  file: FileLike,
): Promise<void> {
  const found = sample && file.size === size ? await sampleOf(file) : undefined;
  if (found !== undefined && found !== sample) throw mismatch(name);
}

/** The error of a file that is not the one whose upload was interrupted. */
export function mismatch(name: string): ValetKeyError {
  return new ValetKeyError(
    "file_mismatch",
    `This is not the file "${name}" whose upload was interrupted, or it has changed since.`,
  );
}

/** Where S3 has all bytes of a file, this takes its place: it has the name, and nothing in it. */
export function standIn({ file: { name, type, lastModified } }: UploadRecord): FileLike {
  return new File([], name, { type, lastModified });
}

function same(expected: UploadRecord["file"], file: FileLike): boolean {
  return (
    file.size === expected.size && (file.lastModified ?? expected.lastModified) === expected.lastModified
  );
}

async function read(handle: AskingHandle): Promise<File | null> {
  const mode = { mode: "read" as const };
  try {
    let permission = (await handle.queryPermission?.(mode)) ?? "granted";
    if (permission === "prompt") permission = (await handle.requestPermission?.(mode)) ?? "denied";
    return permission === "granted" ? await handle.getFile() : null;
  } catch {
    return null; // the file is gone, or the browser does not ask without a click
  }
}
