import type { StoredPart } from "../model/wire";
import type { Algorithm } from "./hash";

/** Computes digests in base64. It is passed in, so that this module, which is loaded on demand, shares no code with others. */
export type ComputeDigests = (blobs: Blob[], algorithm: Algorithm) => Promise<string[]>;

/** What a record says about the parts of an interrupted upload. */
export interface KnownParts {
  /** bytes */
  partSize: number;
  /** SHA-256 in base64, by number, of parts whose ETags are no MD5s */
  digests?: Record<number, string> | undefined;
}

const MD5 = /^[0-9a-f]{32}$/i;
const JOINED = /^([0-9a-f]{32})-\d+$/i;

/**
 * Whether each part that S3 has in full is of `file`; null if nothing proves it. An ETag is opaque: only one that is the
 * MD5 of the bytes proves something, or a digest recorded when they were sent. Rejects with `file_changed` if the file cannot be read.
 */
export async function compareParts(
  file: Blob,
  stored: StoredPart[],
  recorded: KnownParts,
  digests: ComputeDigests,
): Promise<boolean | null> {
  const whole = stored.filter((part) => part.size === slicePart(file, part.number, recorded).size);
  const known = whole.filter(({ number }) => recorded.digests?.[number]);
  const others = whole.filter(({ number }) => !recorded.digests?.[number]);
  const opaque = known.length > 0 || !others.every(({ etag }) => MD5.test(unquote(etag)));
  if (opaque && others.length > 0) return null;
  const blobs = (parts: StoredPart[]) => parts.map(({ number }) => slicePart(file, number, recorded));
  const [sums, md5s] = [await digests(blobs(known), "sha256"), await digests(blobs(others), "md5")];
  return (
    known.every(({ number }, index) => recorded.digests?.[number] === sums[index]) &&
    others.every(({ etag }, index) => unquote(etag) === hex(md5s[index] ?? ""))
  );
}

/**
 * Whether an object with this ETag is `file`. With `recorded` it was joined from parts, and perhaps copied since, as objects that
 * are checked are: its ETag may be that of the whole then. Like `compareParts`.
 */
export async function compareObject(
  file: Blob,
  etag: string,
  recorded: KnownParts | null,
  digests: ComputeDigests,
): Promise<boolean | null> {
  if (!recorded)
    return MD5.test(unquote(etag)) && unquote(etag) === hex((await digests([file], "md5"))[0] ?? "");
  const numbers = Array.from({ length: Math.ceil(file.size / recorded.partSize) }, (_, index) => index + 1);
  const blobs = numbers.map((number) => slicePart(file, number, recorded));
  if (numbers.every((number) => recorded.digests?.[number])) {
    const sums = await digests(blobs, "sha256");
    return numbers.every((number, index) => recorded.digests?.[number] === sums[index]);
  }
  const joined = JOINED.exec(unquote(etag))?.[1];
  if (!joined) return (await compareObject(file, etag, null, digests)) || null;
  const sums = await digests(blobs, "md5");
  const all = new Blob(sums.map((sum) => Uint8Array.from(atob(sum), (letter) => letter.charCodeAt(0))));
  return joined === hex((await digests([all], "md5"))[0] ?? "");
}

/** Records digests of sent parts if S3's ETags turn out to be no MD5s; else it costs one MD5, computed while sending. */
export class DigestRecorder {
  readonly #record: { digests?: Record<number, string> | undefined };
  readonly #digest: ComputeDigests;
  #opaque: Promise<boolean> | null = null;

  /** The digests are added to `record`. */
  constructor(record: { digests?: Record<number, string> | undefined }, digest: ComputeDigests) {
    this.#record = record;
    this.#digest = digest;
  }

  /** Records part `number`, which S3 has with this `etag`. `save` is called if the record has changed. */
  async record(number: number, etag: string, bytes: Blob, keep: () => Promise<void>): Promise<void> {
    this.#opaque ??= compareObject(bytes, unquote(etag), null, this.#digest).then((isMd5) => !isMd5);
    if (!(await this.#opaque)) return;
    const [digest = ""] = await this.#digest([bytes], "sha256");
    this.#record.digests = { ...this.#record.digests, [number]: digest };
    await keep();
  }
}

function slicePart(file: Blob, number: number, { partSize }: KnownParts): Blob {
  return file.slice((number - 1) * partSize, number * partSize);
}

function unquote(etag: string): string {
  return etag.replaceAll('"', "").toLowerCase();
}

function hex(base64: string): string {
  return [...atob(base64)].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}
