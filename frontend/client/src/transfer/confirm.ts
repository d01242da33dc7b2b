import { sleep } from "../async/sleep";
import { UploadRejected, ValetKeyError } from "../model/errors";
import type { CompletedPart, ConfirmedUpload, Granted, UploadBody } from "../model/wire";
import { type Asking, ENDED } from "../service/calls";

const SHORTEST = 100; // ms between two questions

/**
 * Says that all is sent, and asks until the service has made up its mind. Rejects with `UploadRejected`, with `upload_ended`,
 * with `not_arrived` when nothing is found for `patience` ms, or with what the service finds wrong with the parts.
 */
export async function settle(
  { upload: { id }, ticket }: Granted,
  parts: CompletedPart[],
  patience: number,
  { service, signal, persist }: Asking,
  onSeen: (upload: UploadBody) => void,
): Promise<ConfirmedUpload> {
  const latest = Date.now() + patience;
  for (;;) {
    const { upload, again } = await persist(() => service.complete(id, ticket, parts, signal));
    onSeen(upload);
    if (upload.state === "confirmed") return upload as ConfirmedUpload;
    if (upload.state === "rejected") throw new UploadRejected(upload);
    if (ENDED.has(upload.state)) throw ended(upload);
    if (upload.state === "pending" && Date.now() > latest) throw notArrived();
    await sleep(Math.max(SHORTEST, again ?? 1000), signal);
  }
}

function ended({ state }: UploadBody): ValetKeyError {
  return new ValetKeyError("upload_ended", `The upload is ${state}: somebody else ended it.`);
}

function notArrived(): ValetKeyError {
  const detail = "The storage took the file, but the service does not find it there.";
  return new ValetKeyError("not_arrived", detail, { retryable: true });
}
