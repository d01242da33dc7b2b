import { sleep } from "../async/sleep";
import { UploadRejected, ValetKeyError } from "../model/errors";
import type { CompletedPart, ConfirmedUpload, GrantedUpload, UploadBody } from "../model/wire";
import { type CallContext, ENDED_STATES } from "../service/calls";

const MIN_DELAY = 100; // ms between two calls

/**
 * Completes the upload, and asks the service until it has decided. Rejects with `UploadRejected`, with `upload_ended`,
 * with `not_arrived` if the service finds nothing for `patience` ms, or with the service's error about the parts.
 */
export async function confirm(
  { upload: { id }, ticket }: GrantedUpload,
  parts: CompletedPart[],
  patience: number,
  { service, signal, retry }: CallContext,
  onSeen: (upload: UploadBody) => void,
): Promise<ConfirmedUpload> {
  let waited = 0; // as planned: a laptop that sleeps does not wait
  for (;;) {
    const { upload, retryAfter } = await retry(() => service.complete(id, ticket, parts, signal));
    onSeen(upload);
    if (upload.state === "confirmed") return upload as ConfirmedUpload;
    if (upload.state === "rejected") throw new UploadRejected(upload);
    if (ENDED_STATES.has(upload.state)) throw ended(upload);
    if (upload.state === "pending" && waited > patience) throw notArrived();
    const delay = Math.max(MIN_DELAY, retryAfter ?? 1000);
    waited += delay;
    await sleep(delay, signal);
  }
}

function ended({ state }: UploadBody): ValetKeyError {
  return new ValetKeyError("upload_ended", `The upload is ${state}: it was ended elsewhere.`);
}

function notArrived(): ValetKeyError {
  const detail = "The storage accepted the file, but the service cannot find it.";
  return new ValetKeyError("not_arrived", detail, { retryable: true });
}
