import { linked } from "../async/abort";
import { sha256 } from "../digests/digests";
import { ValetKeyError } from "../model/errors";
import type { MultipartGrant, StoredPart } from "../model/wire";
import { doubtful, isSuccess, storageError, unanswered } from "../storage/responses";
import type { StorageAnswer } from "../storage/transport";
import type { Sending } from "./context";
import { PartSigner } from "./part-signer";

/** The parts that are known to be at S3: number to ETag. */
export type Etags = Map<number, string>;

/**
 * Sends the parts that are not in `etags`, `parallel` at a time, and adds them to it. Each is signed just before it is
 * sent, and sent again by itself when it fails; what is there stays there.
 */
export async function sendParts(
  sending: Sending,
  grant: MultipartGrant,
  etags: Etags,
  parallel: number,
): Promise<void> {
  const queue: number[] = [];
  for (let number = 1; number <= grant.part_count; number++) if (!etags.has(number)) queue.push(number);
  const { controller, release } = linked(sending.signal);
  const inner = { ...sending, signal: controller.signal };
  const signer = new PartSigner(signing(inner, grant), grant.parts.splice(0));
  const worker = async () => {
    for (let number = queue.shift(); number !== undefined; number = queue.shift()) {
      etags.set(number, await sendPart(inner, signer, grant, number, queue.slice(0, parallel)));
    }
  };
  const workers = Array.from({ length: Math.min(parallel, queue.length) }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    controller.abort(error);
    await Promise.allSettled(workers); // none may still be writing when we are called again
    throw error;
  } finally {
    release();
  }
}

/** How parts are signed: where the store wants a checksum with each, it has to be known by then. */
function signing({ file, sign, signal }: Sending, grant: MultipartGrant): Sending["sign"] {
  if (!grant.part_checksum) return sign;
  const checksums = new Map<number, Promise<string>>();
  const checksum = (number: number) => {
    const known = checksums.get(number) ?? sha256(file.slice(...partRange(grant, number, file.size)), signal);
    checksums.set(number, known);
    return known;
  };
  return async (numbers) => {
    const values = await Promise.all(numbers.map(checksum));
    return sign(numbers, Object.fromEntries(numbers.map((number, index) => [number, values[index] ?? ""])));
  };
}

/** Those of our parts and S3's that need not be sent again: S3 has them in full, and as we know them, if we do. */
export function agreed(grant: MultipartGrant, size: number, ours: Etags, stored: StoredPart[]): Etags {
  const etags: Etags = new Map();
  for (const part of stored) {
    const [from, to] = partRange(grant, part.number, size);
    const known = ours.get(part.number) ?? part.etag;
    if (part.size === to - from && bare(known) === bare(part.etag)) etags.set(part.number, part.etag);
  }
  return etags;
}

/** Bytes of these parts together. */
export function bytesOf(grant: MultipartGrant, size: number, etags: Etags): number {
  let sum = 0;
  for (const number of etags.keys()) {
    const [from, to] = partRange(grant, number, size);
    sum += to - from;
  }
  return sum;
}

/** Where part `number` is in a file of `size` bytes. */
function partRange(grant: MultipartGrant, number: number, size: number): [from: number, to: number] {
  const from = (number - 1) * grant.part_size;
  return [from, Math.min(size, from + grant.part_size)];
}

async function sendPart(
  sending: Sending,
  signer: PartSigner,
  grant: MultipartGrant,
  number: number,
  upcoming: number[],
): Promise<string> {
  const { tally, storage, signal, file } = sending;
  const bytes = file.slice(...partRange(grant, number, file.size));
  const put = async () => {
    const { url, headers } = await signer.take(number, upcoming);
    const onProgress = (sent: number) => sending.moved(() => tally.moving(number, sent));
    const request = {
      method: "PUT" as const,
      url,
      headers,
      body: bytes,
      size: bytes.size,
      signal,
      onProgress,
    };
    return storage.send(request, bytes);
  };
  const there = async () =>
    (await sending.stored()).find((part) => part.number === number && part.size === bytes.size)?.etag;
  let unsure = false;
  const attempt = async () => {
    const etag = unsure && (await there());
    if (etag) return etag;
    try {
      return await once(
        put,
        () => signer.drop(number),
        () => tally.settle(number, 0),
      );
    } catch (error) {
      unsure = doubtful(error);
      throw error;
    }
  };
  const etag = await sending.persist(() => storage.connections.use(signal, attempt));
  signer.drop(number);
  sending.moved(() => tally.settle(number, bytes.size));
  sending.evidence(number, etag, bytes);
  return etag;
}

/**
 * One attempt at a part; a signature that S3 refuses is replaced once. Gives the part's ETag. Without an answer the next
 * attempt gets a new signature: RGW refuses the preflight of an old one, which looks like a dead network to a page, and
 * others close the connection before we have sent enough to hear it.
 */
async function once(
  put: () => Promise<StorageAnswer>,
  renew: () => void,
  takeBack: () => void,
): Promise<string> {
  try {
    let answer = await put();
    let error = await wrong(answer);
    if (error?.meaning === "fresh") {
      takeBack();
      renew();
      answer = await put();
      error = await wrong(answer);
    }
    if (error) throw error;
    return etagOf(answer);
  } catch (error) {
    takeBack();
    if (unanswered(error)) renew();
    throw error;
  }
}

async function wrong(answer: StorageAnswer): Promise<ValetKeyError | null> {
  return isSuccess(answer) ? null : storageError(answer, "part");
}

function etagOf(answer: StorageAnswer): string {
  const etag = answer.header("ETag");
  if (etag) return etag;
  const detail =
    'The storage took a part, but its CORS rules hide the ETag header from this page. Add "ETag" to the ExposeHeaders ' +
    "of the bucket's CORS rule.";
  throw new ValetKeyError("etag_hidden", detail);
}

/** An ETag is opaque, but some put it in quotes and some do not. */
function bare(etag: string): string {
  return etag.replaceAll('"', "");
}
