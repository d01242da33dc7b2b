import { asValetKeyError } from "../model/errors";
import type { GrantedUpload } from "../model/wire";
import { type CallContext, ENDED_STATES, isForgotten } from "../service/calls";
import type { UploadRecord } from "./records";

/**
 * Reopens an interrupted upload: with a new grant if it needs more bytes, without one if S3 has them all. Null if it has ended
 * or the service does not know it any more.
 */
export async function reopen(record: UploadRecord, context: CallContext): Promise<GrantedUpload | null> {
  try {
    return await fetchState(record, context);
  } catch (error) {
    if (isForgotten(error)) return null;
    throw error;
  }
}

async function fetchState(
  { id, ticket, plan }: UploadRecord,
  context: CallContext,
): Promise<GrantedUpload | null> {
  const { service, signal, retry } = context;
  const complete = async () => (await retry(() => service.complete(id, ticket, [], signal))).upload;
  let upload = await retry(() => service.get(id, ticket, signal));
  // The one request may have arrived without the service knowing: asking costs less than sending it again.
  if (upload.state === "pending" && !plan) upload = await complete();
  if (upload.state === "pending") {
    const granted = await renewGrant(id, ticket, context);
    if (granted) return granted;
    upload = await complete(); // its parts were joined, and whoever had them joined could not say so
  }
  return ENDED_STATES.has(upload.state) ? null : { upload, grant: null, ticket };
}

/** A new grant; null if the service needs no more bytes. */
async function renewGrant(
  id: string,
  ticket: string,
  { service, signal, retry }: CallContext,
): Promise<GrantedUpload | null> {
  try {
    return await retry(() => service.renew(id, ticket, signal));
  } catch (error) {
    if (asValetKeyError(error).code === "state_conflict") return null;
    throw error;
  }
}
