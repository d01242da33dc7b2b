import { NEVER } from "../async/abort";
import { within } from "../async/within";

const PREFIX = "valetkey:";
const PATIENCE = 5000; // ms in which a browser answers: after that, no other page counts as having a lock

/**
 * Locks the upload `id` for this page by a Web Lock, which ends with the page. Returns the function that releases it, or null
 * if another page holds it. In a browser without Web Locks every upload counts as free.
 */
export async function acquireLock(id: string): Promise<(() => void) | null> {
  const locks = globalThis.navigator?.locks;
  const free = () => {};
  if (!locks) return free;
  let late = false;
  const asked = new Promise<(() => void) | null>((resolve) => {
    const held = (lock: Lock | null) => {
      if (!lock || late) return resolve(null);
      return new Promise<void>((release) => resolve(release));
    };
    locks.request(PREFIX + id, { ifAvailable: true }, held).catch(() => resolve(free));
  });
  return within(asked, PATIENCE, NEVER, () => {
    late = true;
    return free;
  });
}

/** Lists the ids of the uploads that are locked by any page. */
export async function listLocked(): Promise<Set<string>> {
  const query = globalThis.navigator?.locks?.query();
  const locks = await within(query, PATIENCE, NEVER).catch(() => null);
  return new Set(locks?.held?.map(({ name }) => name?.replace(PREFIX, "") ?? ""));
}
