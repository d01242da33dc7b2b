import { isSuccess, storageError, unanswered } from "./answers";
import { typed, ValetKeyError } from "./errors";
import { usable } from "./freshness";
import type { Sending } from "./sending";
import type { StorageAnswer, StorageRequest } from "./transport";
import type { PostGrant, PutGrant } from "./wire";

type WholeGrant = PostGrant | PutGrant;

const PRECONDITION_FAILED = 412;

interface Held {
  /** null when the service says that the bytes are there already */
  grant: WholeGrant | null;
  since: number;
  /** whether the last attempt got no answer, so that S3 may have refused the grant without our hearing it */
  doubted: boolean;
}

/**
 * Sends a file in one request. A grant that died meanwhile is renewed; a lost answer is no reason to think that nothing
 * arrived, but sending the same bytes again does no harm.
 */
export async function sendWhole(sending: Sending, grant: WholeGrant): Promise<void> {
  const { storage, tally, signal, file } = sending;
  const held: Held = { grant, since: sending.since, doubted: false };
  await sending.persist(() =>
    storage.connections.use(signal, async () => {
      try {
        await attempt(sending, held);
      } catch (error) {
        tally.restart(0);
        held.doubted = unanswered(error);
        throw error;
      }
    }),
  );
  tally.restart(file.size);
}

/** One attempt, with a fresh grant when ours has expired, by the clock or by S3's word, or may have. */
async function attempt(sending: Sending, held: Held): Promise<void> {
  if (held.grant && (held.doubted || !usable(held.grant, held.since))) await renew(sending, held);
  if (!held.grant) return;
  let answer = await put(sending, held.grant);
  if (answer.status === 403) {
    sending.tally.restart(0);
    await renew(sending, held);
    if (!held.grant) return;
    answer = await put(sending, held.grant);
  }
  const thereBefore = answer.status === PRECONDITION_FAILED && held.grant.method === "PUT";
  if (!isSuccess(answer) && !thereBefore) throw storageError(answer);
}

function put(sending: Sending, grant: WholeGrant): Promise<StorageAnswer> {
  const { file, signal, tally } = sending;
  const onProgress = (sent: number) => sending.moved(() => tally.moving(0, sent));
  const common = { url: grant.url, size: file.size, signal, onProgress };
  const request: StorageRequest =
    grant.method === "POST"
      ? { ...common, method: "POST", headers: {}, body: form(grant, file) }
      : { ...common, method: "PUT", headers: grant.headers, body: file };
  return sending.storage.send(request, file);
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
