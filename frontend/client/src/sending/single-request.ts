import { asValetKeyError, ValetKeyError } from "../model/errors";
import type { PostGrant, PutGrant } from "../model/wire";
import type { Operation } from "../storage/classify";
import { errorOf, hasNoResponse, mayHaveArrived } from "../storage/responses";
import type { SendContext } from "./context";
import { isUsable } from "./signature-age";
import { sliceOf } from "./slice";

type SingleGrant = PostGrant | PutGrant;

const PRECONDITION_FAILED = 412; // the key has an object: the service knows whether it is this one

interface GrantState {
  /** null if S3 has the bytes already */
  grant: SingleGrant | null;
  since: number;
  /** whether an attempt with this grant got no response: S3 may have refused it */
  noResponse: boolean;
  /** whether the bytes of any attempt may have arrived: the service is asked before they are sent again */
  mayHaveArrived: boolean;
}

/**
 * Sends a file in one request. An expired grant is renewed; if the response was lost after all bytes were sent,
 * or if a pause may have lost it (`again`), the service is asked whether they arrived before they are sent again.
 */
export async function sendInOneRequest(
  context: SendContext,
  grant: SingleGrant,
  again: boolean,
): Promise<void> {
  const { storage, meter, signal } = context;
  const held: GrantState = { grant, since: context.grantedAt, noResponse: false, mayHaveArrived: again };
  await context.retry(() =>
    storage.connections.use(signal, async () => {
      try {
        await attempt(context, held);
      } catch (error) {
        meter.restart(0);
        held.noResponse ||= hasNoResponse(error);
        held.mayHaveArrived ||= mayHaveArrived(error); // also if asking failed
        throw error;
      }
    }),
  );
  meter.restart(meter.total);
}

/** One attempt, with a new grant if ours has expired, by the clock or by S3's response, or may have. */
async function attempt(context: SendContext, held: GrantState): Promise<void> {
  if (held.mayHaveArrived && (await context.checkArrival())) held.grant = null;
  if (held.grant && (held.noResponse || !isUsable(held.grant, held.since))) await renewGrant(context, held);
  if (!held.grant) return;
  let error = await send(context, held.grant);
  if (error?.meaning === "fresh") {
    context.meter.restart(0);
    await renewGrant(context, held);
    if (!held.grant) return;
    error = await send(context, held.grant);
  }
  if (
    !error ||
    (error.status === PRECONDITION_FAILED && mayHaveArrived(error) && (await context.checkArrival()))
  )
    return;
  throw error;
}

/** Sends it; returns the error if S3 did not accept it. */
async function send(context: SendContext, grant: SingleGrant): Promise<ValetKeyError | null> {
  const { file, signal, meter } = context;
  const body = sliceOf(file, 0, meter.total);
  const onProgress = (sent: number) => context.reportProgress(() => meter.advance(0, sent));
  const response = await context.storage.send({ headers: {}, ...grant, body, signal, onProgress });
  return errorOf(response, grant.method.toLowerCase() as Operation);
}

async function renewGrant(context: SendContext, held: GrantState): Promise<void> {
  try {
    const grant = await context.renewGrant();
    if (grant?.method === "MULTIPART")
      throw new ValetKeyError("unexpected_answer", "The upload became a multipart upload.");
    held.grant = grant;
    held.since = Date.now();
    held.noResponse = false;
  } catch (error) {
    if (asValetKeyError(error).code !== "state_conflict") throw error;
    held.grant = null;
  }
}
