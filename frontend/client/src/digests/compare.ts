import type { StoredPart } from "../model/wire";
import type { Algorithm } from "./hash";

/** How digests are computed, until a signal ends it. It is handed in, so that this module shares no code with others. */
export type Digest = (blobs: Blob[], algorithm: Algorithm) => Promise<string[]>;

/** What the journal has of an interrupted upload in parts. */
export interface Kept {
  /** bytes */
  partSize: number;
  /** SHA-256 in base64, by number, of parts whose ETags say nothing of their bytes */
  digests?: Record<number, string> | undefined;
}

const MD5 = /^[0-9a-f]{32}$/i;
const JOINED = /^([0-9a-f]{32})-\d+$/i;

/**
 * Whether each of the parts that S3 has in full is of `file`; null where nobody can tell. An ETag is opaque: only one that is the
 * MD5 of the bytes proves something, or a digest that was kept when they were sent. Rejects with `file_changed` when the file cannot be read.
 */
export async function sameParts(
  file: Blob,
  stored: StoredPart[],
  kept: Kept,
  digests: Digest,
): Promise<boolean | null> {
  const whole = stored.filter((part) => part.size === partOf(file, part.number, kept).size);
  const known = whole.filter(({ number }) => kept.digests?.[number]);
  const others = whole.filter(({ number }) => !kept.digests?.[number]);
  const opaque = known.length > 0 || !others.every(({ etag }) => MD5.test(bare(etag)));
  if (opaque && others.length > 0) return null;
  const blobs = (parts: StoredPart[]) => parts.map(({ number }) => partOf(file, number, kept));
  const [sums, md5s] = [await digests(blobs(known), "sha256"), await digests(blobs(others), "md5")];
  return (
    known.every(({ number }, index) => kept.digests?.[number] === sums[index]) &&
    others.every(({ etag }, index) => bare(etag) === hex(md5s[index] ?? ""))
  );
}

/**
 * Whether an object with this ETag is `file`; joined of parts, where `kept` is not null, and perhaps copied since, as what is
 * checked is: the ETag may be that of the whole, then. Like `sameParts`.
 */
export async function sameObject(
  file: Blob,
  etag: string,
  kept: Kept | null,
  digests: Digest,
): Promise<boolean | null> {
  if (!kept) return MD5.test(bare(etag)) && bare(etag) === hex((await digests([file], "md5"))[0] ?? "");
  const numbers = Array.from({ length: Math.ceil(file.size / kept.partSize) }, (_, index) => index + 1);
  const blobs = numbers.map((number) => partOf(file, number, kept));
  if (numbers.every((number) => kept.digests?.[number])) {
    const sums = await digests(blobs, "sha256");
    return numbers.every((number, index) => kept.digests?.[number] === sums[index]);
  }
  const joined = JOINED.exec(bare(etag))?.[1];
  if (!joined) return (await sameObject(file, etag, null, digests)) || null;
  const sums = await digests(blobs, "md5");
  const all = new Blob(sums.map((sum) => Uint8Array.from(atob(sum), (letter) => letter.charCodeAt(0))));
  return joined === hex((await digests([all], "md5"))[0] ?? "");
}

/** Keeps digests of parts that were sent, where S3's ETags turn out to be no MD5s; else it costs one MD5, beside the sending. */
export class Evidence {
  readonly #record: { digests?: Record<number, string> };
  readonly #digest: Digest;
  #opaque: Promise<boolean> | null = null;

  /** The digests are added to `record`. */
  constructor(record: { digests?: Record<number, string> }, digest: Digest) {
    this.#record = record;
    this.#digest = digest;
  }

  /** Part `number` was sent: `bytes`, and S3 calls them `etag`. `keep` is called when the record has changed. */
  async sent(number: number, etag: string, bytes: Blob, keep: () => Promise<void>): Promise<void> {
    this.#opaque ??= sameObject(bytes, bare(etag), null, this.#digest).then((isMd5) => !isMd5);
    if (!(await this.#opaque)) return;
    const [digest = ""] = await this.#digest([bytes], "sha256");
    this.#record.digests = { ...this.#record.digests, [number]: digest };
    await keep();
  }
}

function partOf(file: Blob, number: number, { partSize }: Kept): Blob {
  return file.slice((number - 1) * partSize, number * partSize);
}

function bare(etag: string): string {
  return etag.replaceAll('"', "").toLowerCase();
}

function hex(base64: string): string {
  return [...atob(base64)].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}
