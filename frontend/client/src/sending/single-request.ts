import { typed, ValetKeyError } from "../model/errors";
import type { PostGrant, PutGrant } from "../model/wire";
import { doubtful, isSuccess, storageError, unanswered } from "../storage/responses";
import type { StorageRequest } from "../storage/transport";
import type { Sending } from "./context";
import { usable } from "./signature-age";

type WholeGrant = PostGrant | PutGrant;

const PRECONDITION_FAILED = 412; // something is there: the service says whether it is this

interface Held {
  /** null when the service says that the bytes are there already */
  grant: WholeGrant | null;
  since: number;
  /** whether the last attempt got no answer, so that S3 may have refused the grant without our hearing it */
  doubted: boolean;
  /** whether the bytes may be there all the same: the service is asked before they are sent again */
  unsure: boolean;
}

/**
 * Sends a file in one request. A grant that died meanwhile is renewed; after an answer that was lost when all bytes had left
 * the service is asked what is there, before they are sent again.
 */
export async function sendWhole(sending: Sending, grant: WholeGrant): Promise<void> {
  const { storage, tally, signal, file } = sending;
  const held: Held = { grant, since: sending.since, doubted: false, unsure: false };
  await sending.persist(() =>
    storage.connections.use(signal, async () => {
      try {
        await attempt(sending, held);
      } catch (error) {
        tally.restart(0);
        held.doubted = unanswered(error);
        held.unsure = doubtful(error);
        throw error;
      }
    }),
  );
  tally.restart(file.size);
}

/** One attempt, with a fresh grant when ours has expired, by the clock or by S3's word, or may have. */
async function attempt(sending: Sending, held: Held): Promise<void> {
  if (held.unsure && (await sending.arrived())) held.grant = null;
  if (held.grant && (held.doubted || !usable(held.grant, held.since))) await renew(sending, held);
  if (!held.grant) return;
  let error = await put(sending, held.grant);
  if (error?.meaning === "fresh") {
    sending.tally.restart(0);
    await renew(sending, held);
    if (!held.grant) return;
    error = await put(sending, held.grant);
  }
  if (!error || (error.status === PRECONDITION_FAILED && doubtful(error) && (await sending.arrived())))
    return;
  throw error;
}

/** Sends it; what is wrong where S3 did not take it. */
async function put(sending: Sending, grant: WholeGrant): Promise<ValetKeyError | null> {
  const { file, signal, tally } = sending;
  const onProgress = (sent: number) => sending.moved(() => tally.moving(0, sent));
  const common = { url: grant.url, size: file.size, signal, onProgress };
  const request: Omit<StorageRequest, "timing"> =
    grant.method === "POST"
      ? { ...common, method: "POST", headers: {}, body: form(grant, file) }
      : { ...common, method: "PUT", headers: grant.headers, body: file };
  const answer = await sending.storage.send(request, file);
  return isSuccess(answer) ? null : storageError(answer, grant.method === "POST" ? "post" : "put");
}

/** The fields as they are signed, then the file: S3 ignores every field behind it. */
function form(grant: PostGrant, file: Blob): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(grant.fields)) data.append(name, value);
  data.append(grant.file_field, file);
  return data;
}

async function renew(sending: Sending, held: Held): Promise<void> {
  try {
    const grant = await sending.renew();
    if (grant?.method === "MULTIPART")
      throw new ValetKeyError("unexpected_answer", "The upload became a multipart one.");
    held.grant = grant;
    held.since = Date.now();
    held.doubted = false;
  } catch (error) {
    if (typed(error).code !== "state_conflict") throw error;
    held.grant = null;
  }
}
