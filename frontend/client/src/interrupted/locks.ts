const PREFIX = "valetkey:";

/**
 * Locks the upload `id` for this page by a Web Lock, which ends with the page. Returns the function that releases it, or null
 * if another page holds it. In a browser without Web Locks every upload counts as free.
 */
export function acquireLock(id: string): Promise<(() => void) | null> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    const held = (lock: Lock | null) => {
      if (!lock) return resolve(null);
      return new Promise<void>((release) => resolve(release));
    };
    locks.request(PREFIX + id, { ifAvailable: true }, held).catch(() => resolve(() => {}));
  });
}

/** Lists the ids of the uploads that are locked by any page. */
export async function listLocked(): Promise<Set<string>> {
  const locks = await globalThis.navigator?.locks?.query().catch(() => null);
  return new Set(locks?.held?.map(({ name }) => name?.replace(PREFIX, "") ?? ""));
}
