import { typed } from "../model/errors";
import type { Granted } from "../model/wire";
import { type Asking, ENDED, FORGOTTEN } from "../service/calls";
import type { UploadRecord } from "./records";

/**
 * Finds out how far an interrupted upload came: with a grant when it needs more bytes, without one when they are there. Null
 * when there is nothing to go on with.
 */
export async function pickUp(record: UploadRecord, asking: Asking): Promise<Granted | null> {
  try {
    return await reached(record, asking);
  } catch (error) {
    if (FORGOTTEN.has(typed(error).status ?? 0)) return null;
    throw error;
  }
}

async function reached({ id, ticket, plan }: UploadRecord, asking: Asking): Promise<Granted | null> {
  const { service, signal, persist } = asking;
  let upload = await persist(() => service.get(id, ticket, signal));
  // One request may have arrived whole without anybody having said so: asking costs less than sending again.
  if (upload.state === "pending" && !plan) {
    upload = (await persist(() => service.complete(id, ticket, [], signal))).upload;
  }
  if (ENDED.has(upload.state)) return null;
  const granted = upload.state === "pending" ? await renewed(id, ticket, asking) : null;
  return granted ?? { upload, grant: null, ticket };
}

/** A fresh grant; null when the service says that it needs no more bytes. */
async function renewed(
  id: string,
  ticket: string,
  { service, signal, persist }: Asking,
): Promise<Granted | null> {
  try {
    return await persist(() => service.renew(id, ticket, signal));
  } catch (error) {
    if (typed(error).code === "state_conflict") return null;
    throw error;
  }
}
