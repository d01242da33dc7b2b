import type { UploadRecord } from "@valetkey/client";

const PATIENCE = 10_000; // ms in which the service is asked about one
const FORGOTTEN = [401, 403, 404]; // the service does not know it, or its ticket has ended
const ENDED = ["aborted", "deleted", "rejected"];

/**
 * Whether an interrupted upload has ended in a way that nobody wants repeated. One that has expired is to be sent, and
 * one that was confirmed has a result; neither has ended so. False while the service is unavailable.
 */
export async function hasEnded({ id, ticket, endpoint }: UploadRecord): Promise<boolean> {
  try {
    const headers = { Accept: "application/json", Authorization: `Bearer ${ticket}` };
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch(`${endpoint}/v1/uploads/${id}`, { headers, signal });
    const said = await answer.json(); // else somebody else has answered: a portal, a proxy without its backend
    if (!answer.ok) return FORGOTTEN.includes(answer.status) && Boolean(said.code && said.detail);
    return ENDED.includes(said.state);
  } catch {
    return false;
  }
}
