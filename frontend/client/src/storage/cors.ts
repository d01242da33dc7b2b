import { ValetKeyError } from "../model/errors";

const SURE_AFTER = 15_000; // ms; a storage that is there answers in as many, too

/**
 * Finds out whether requests fail because of the bucket's CORS rules, which look like a dead network to a page.
 *
 * A request that needs no permission gets through to a storage that is there. When that works before and after a request
 * of ours that failed without one byte sent, the rules are the likely cause, and after 15 seconds of it they are it.
 */
export class CorsDiagnosis {
  #cleared = false;
  #reachableAt = 0;

  /** Notes that the storage responded to a request of ours: its rules allow this page. */
  noteResponse(): void {
    this.#cleared = true;
  }

  /**
   * A more precise error than "unreachable" for a failed request, if there is one. It may have been `sent` all the same: rules do not
   * keep a form from arriving, only its response from the page.
   */
  async explain(url: string, startedAt: number, sent: boolean): Promise<ValetKeyError | null> {
    const page = globalThis.location?.origin;
    const storage = new URL(url).origin;
    if (this.#cleared || !page || page === storage) return null;
    if (!(await reachable(storage))) {
      this.#reachableAt = 0;
      return null;
    }
    this.#reachableAt ||= Date.now();
    if (startedAt < this.#reachableAt) return null;
    const retryable = Date.now() - this.#reachableAt < SURE_AFTER;
    return new ValetKeyError(
      "cors_forbidden",
      `The storage at ${storage} answers, but not to this page. The bucket's CORS rules must allow the origin ` +
        `${page}, the methods POST and PUT and all headers, and to expose ETag.`,
      { retryable, sent },
    );
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
