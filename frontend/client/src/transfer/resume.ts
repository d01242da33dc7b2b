import type { KnownParts } from "../digests/compare";
import { computeDigests } from "../digests/compute";
import { coversWholeFile, takeFingerprint } from "../digests/fingerprint";
import type { Algorithm } from "../digests/hash";
import { fileMismatch } from "../interrupted/file";
import type { UploadRecord } from "../interrupted/records";
import { reopen } from "../interrupted/reopen";
import type { GrantedUpload, StoredPart } from "../model/wire";
import type { CallContext } from "../service/calls";
import type { Job } from "./job";

/**
 * Reopens an interrupted upload if what S3 has of it is proven to be of the job's file: name, size and date prove nothing. Null where
 * a new upload has to begin: the interrupted one has ended, or is aborted here because it is of another file. Rejects with
 * `file_mismatch` instead if the file was chosen for this very upload. `onHashing` is called before digests are computed, with the
 * parts that are compared, if any: one that arrives later may be of any file.
 */
export async function reopenIfSame(
  record: UploadRecord,
  { file, mustMatch }: Job,
  context: CallContext,
  onHashing: (compared?: StoredPart[]) => void,
): Promise<GrantedUpload | null> {
  const isEmptyFile = file.size !== record.file.size; // nothing is left to send, and nothing to compare
  const fingerprint = record.fingerprint && !isEmptyFile ? await takeFingerprint(file) : undefined;
  const known = fingerprint === undefined || fingerprint === record.fingerprint;
  const granted = known ? await reopen(record, context) : null;
  const proven = isEmptyFile || (known && fingerprint !== undefined && coversWholeFile(fingerprint));
  const same = known && (proven || !granted || (await compare(record, file, granted, context, onHashing)));
  if (same) return granted;
  if (mustMatch && same === false) throw fileMismatch(record.file.name);
  await context.service.abort(record.id, record.ticket, context.signal).catch(() => {}); // else it expires by itself
  return null;
}

/**
 * Compares what S3 has with the file, by digests; null where they prove nothing. A file that goes in one request has nothing at S3
 * before all of it is there, so that there is nothing to compare.
 */
async function compare(
  record: UploadRecord,
  file: Blob,
  { upload, grant }: GrantedUpload,
  { signal, retry, service }: CallContext,
  onHashing: (compared?: StoredPart[]) => void,
): Promise<boolean | null> {
  if (grant && grant.method !== "MULTIPART") return true;
  const { compareObject, compareParts } = await import("../digests/compare");
  const digests = (blobs: Blob[], algorithm: Algorithm) => computeDigests(blobs, algorithm, signal);
  const knownParts = (partSize: number): KnownParts => ({ partSize, digests: record.digests });
  if (!grant) {
    onHashing();
    return compareObject(
      file,
      upload.object?.etag ?? "",
      record.plan && knownParts(record.plan.partSize),
      digests,
    );
  }
  const stored = await retry(() => service.listParts(record.id, record.ticket, signal));
  onHashing(stored);
  return compareParts(file, stored, knownParts(grant.part_size), digests);
}
