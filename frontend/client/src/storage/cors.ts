const SOON = 15_000; // ms in which a request fails that the rules do not allow
const SURE_AFTER = 15_000; // ms; a storage that is there answers in as many, too

/** What the error says if the bucket's CORS rules are the likely cause, and whether they may not be. */
export interface CorsFinding {
  detail: string;
  retryable: boolean;
}

/**
 * Finds out whether requests fail because of the bucket's CORS rules, which look like a dead network to a page.
 *
 * A request that needs no permission gets through to a storage that is there. When that works before and after a request
 * of ours that failed without one byte sent, the rules are the likely cause, and after 15 seconds of it they are it.
 * It is rarely needed, so it is imported then, and shares nothing with the rest.
 */
export class CorsDiagnosis {
  #reachableAt = 0;

  /** What a failed request tells, if anything; `startedAt` is when it began, in milliseconds since the epoch. */
  async explain(url: string, startedAt: number): Promise<CorsFinding | null> {
    const page = globalThis.location?.origin;
    const storage = new URL(url).origin;
    if (!page || page === storage) return null;
    if (!(await reachable(storage))) {
      this.#reachableAt = 0;
      return null;
    }
    this.#reachableAt ||= Date.now();
    if (startedAt < this.#reachableAt || Date.now() - startedAt > SOON) return null;
    const detail =
      `The storage at ${storage} answers, but not to this page. The bucket's CORS rules must allow the origin ` +
      `${page}, the methods POST and PUT and all headers, and to expose ETag.`;
    return { detail, retryable: Date.now() - this.#reachableAt < SURE_AFTER };
  }
}

function reachable(origin: string): Promise<boolean> {
  const signal = AbortSignal.timeout(SURE_AFTER);
  const request = fetch(origin, { mode: "no-cors", cache: "no-store", signal }); // to another origin: no credentials
  return request.then(
    () => true,
    () => false,
  );
}
