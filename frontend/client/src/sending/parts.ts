import { linked } from "../async/abort";
import { computeDigest } from "../digests/compute";
import { ValetKeyError } from "../model/errors";
import type { MultipartGrant, StoredPart } from "../model/wire";
import { errorOf, hasNoResponse, mayHaveArrived } from "../storage/responses";
import type { StorageResponse } from "../storage/transport";
import type { SendContext } from "./context";
import { PartSigner } from "./part-signer";
import { sliceOf } from "./slice";

/** The parts that S3 is known to have: number to ETag. */
export type Etags = Map<number, string>;

/**
 * Sends the parts that are not in `etags`, `parallel` at a time, and adds them to it. Each is signed just before it is
 * sent, and retried on its own.
 */
export async function sendParts(
  context: SendContext,
  grant: MultipartGrant,
  etags: Etags,
  parallel: number,
): Promise<void> {
  const queue: number[] = [];
  for (let number = 1; number <= grant.part_count; number++) if (!etags.has(number)) queue.push(number);
  const { controller, release } = linked(context.signal);
  const inner = { ...context, signal: controller.signal };
  const signer = new PartSigner(signerFor(inner, grant), grant.parts.splice(0));
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
    await Promise.allSettled(workers); // none may still be context when we are called again
    throw error;
  } finally {
    release();
  }
}

/** The function that gets parts signed, with their checksums if the storage wants them. */
function signerFor(context: SendContext, grant: MultipartGrant): SendContext["signParts"] {
  const { signParts, signal } = context;
  if (!grant.part_checksum) return signParts;
  const checksums = new Map<number, Promise<string>>();
  const checksum = (number: number) => {
    const known = checksums.get(number) ?? computeDigest(slicePart(context, grant, number), "sha256", signal);
    checksums.set(number, known);
    return known;
  };
  return async (numbers) => {
    const values = await Promise.all(numbers.map(checksum));
    return signParts(
      numbers,
      Object.fromEntries(numbers.map((number, index) => [number, values[index] as string])),
    );
  };
}

/** The parts that need not be sent again: S3 has them in full, and with the ETag that we know, if we know one. */
export function reconcileParts(
  grant: MultipartGrant,
  size: number,
  ours: Etags,
  stored: StoredPart[],
): Etags {
  const etags: Etags = new Map();
  for (const part of stored) {
    const [from, to] = partRange(grant, part.number, size);
    const known = ours.get(part.number) ?? part.etag;
    if (part.size === to - from && unquote(known) === unquote(part.etag)) etags.set(part.number, part.etag);
  }
  return etags;
}

/** The size of these parts together. */
export function countBytes(grant: MultipartGrant, size: number, etags: Etags): number {
  let sum = 0;
  for (const number of etags.keys()) {
    const [from, to] = partRange(grant, number, size);
    sum += to - from;
  }
  return sum;
}

/** The bytes of part `number`. Throws `file_changed`. */
function slicePart({ file, meter }: SendContext, grant: MultipartGrant, number: number): Blob {
  return sliceOf(file, ...partRange(grant, number, meter.total));
}

/** The byte range of part `number` in a file of `size` bytes. */
function partRange(grant: MultipartGrant, number: number, size: number): [from: number, to: number] {
  const from = (number - 1) * grant.part_size;
  return [from, Math.min(size, from + grant.part_size)];
}

async function sendPart(
  context: SendContext,
  signer: PartSigner,
  grant: MultipartGrant,
  number: number,
  upcoming: number[],
): Promise<string> {
  const { meter, storage, signal } = context;
  const bytes = slicePart(context, grant, number);
  const put = async () => {
    const { url, headers } = await signer.take(number, upcoming);
    const onProgress = (sent: number) => context.reportProgress(() => meter.advance(number, sent));
    return storage.send({ method: "PUT", url, headers, body: bytes, signal, onProgress });
  };
  const there = async () =>
    (await context.listParts()).find((part) => part.number === number && part.size === bytes.size)?.etag;
  let unsure = false;
  const attempt = async () => {
    const etag = unsure && (await there());
    if (etag) return etag;
    try {
      return await attemptPart(
        put,
        () => signer.drop(number),
        () => meter.settle(number, 0),
      );
    } catch (error) {
      unsure ||= mayHaveArrived(error);
      throw error;
    }
  };
  const etag = await context.retry(() => storage.connections.use(signal, attempt));
  signer.drop(number);
  context.reportProgress(() => meter.settle(number, bytes.size));
  context.recordPart(number, etag, bytes);
  return etag;
}

/**
 * One attempt at a part; a signature that S3 refuses is replaced once. Returns the part's ETag. Without a response the next
 * attempt gets a new signature: RGW refuses the preflight of an expired one, which looks like a dead network to a page, and
 * others close the connection before their response can be read.
 */
async function attemptPart(
  put: () => Promise<StorageResponse>,
  renew: () => void,
  takeBack: () => void,
): Promise<string> {
  try {
    let response = await put();
    let error = await errorOf(response, "part");
    if (error?.meaning === "fresh") {
      takeBack();
      renew();
      response = await put();
      error = await errorOf(response, "part");
    }
    if (error) throw error;
    return etagOf(response);
  } catch (error) {
    takeBack();
    if (hasNoResponse(error)) renew();
    throw error;
  }
}

function etagOf(response: StorageResponse): string {
  const etag = response.header("ETag");
  if (etag) return etag;
  const detail =
    'The storage accepted a part, but its CORS rules hide ETag from this page. Add "ETag" to the ExposeHeaders ' +
    "of the bucket's CORS rule.";
  throw new ValetKeyError("etag_hidden", detail);
}

/** ETags are opaque, but come with and without quotes. */
function unquote(etag: string): string {
  return etag.replaceAll('"', "");
}
