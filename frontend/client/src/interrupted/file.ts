import { takeFingerprint } from "../digests/fingerprint";
import type { FileLike } from "../files/file";
import { fileChanged, ValetKeyError } from "../model/errors";
import type { UploadRecord } from "./records";

/** Opens the file of a record's handle. Rejects with `file_needed` without a handle, or without permission to read it. */
export async function openFile({ handle, file }: UploadRecord): Promise<FileLike> {
  const found = handle && (await readHandle(handle));
  if (!found) throw new ValetKeyError("file_needed", `Choose "${file.name}" again to resume its upload.`);
  if (!sameFacts(file, found)) throw fileChanged();
  return found;
}

/** Throws `file_mismatch` unless `file` can be what the record is about. */
export function assertSameFacts({ file: expected }: UploadRecord, file: FileLike): void {
  if (!sameFacts(expected, file)) throw fileMismatch(expected.name);
}

/** Throws `file_mismatch` unless `file` has the record's fingerprint. Reads up to 512 KiB of it. */
export async function assertSameFingerprint(
  { file: { name, size }, fingerprint }: UploadRecord,
  file: FileLike,
): Promise<void> {
  const found = fingerprint && file.size === size ? await takeFingerprint(file) : undefined;
  if (found !== undefined && found !== fingerprint) throw fileMismatch(name);
}

/** The error for a file that is not the one whose upload was interrupted. */
export function fileMismatch(name: string): ValetKeyError {
  return new ValetKeyError(
    "file_mismatch",
    `This is not the file "${name}" whose upload was interrupted, or it has changed since.`,
  );
}

/** An empty file of the same name, for an upload of which S3 has all bytes. */
export function emptyFile({ file: { name, type, lastModified } }: UploadRecord): FileLike {
  return new File([], name, { type, lastModified });
}

function sameFacts(expected: UploadRecord["file"], file: FileLike): boolean {
  return (
    file.size === expected.size && (file.lastModified ?? expected.lastModified) === expected.lastModified
  );
}

/** What reads a handle; it is rarely needed, so it is imported then. */
async function readHandle(handle: FileSystemFileHandle): Promise<File | null> {
  const it = await import("./handle").catch(() => null);
  return it ? it.readHandle(handle) : null;
}
