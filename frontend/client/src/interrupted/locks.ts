const PREFIX = "valetkey:";

/**
 * Takes the upload `id` for this page, by a Web Lock, which ends with the page. Gives the function that lets it go, or null
 * when another page has it. Where there are no locks, nobody is known to have it.
 */
export function claim(id: string): Promise<(() => void) | null> {
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

/** The ids of all uploads that pages are working on. */
export async function claimedElsewhere(): Promise<Set<string>> {
  const locks = await globalThis.navigator?.locks?.query().catch(() => null);
  return new Set(locks?.held?.map(({ name }) => name?.replace(PREFIX, "") ?? ""));
}
