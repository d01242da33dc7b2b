type GetToken = () => string | Promise<string>;

const MOMENT = 5000; // ms

/** Gets tokens. One that is asked for before the uploader needs any is the uploader's first, so that a page gets one ticket. */
export class FirstToken {
  readonly #get: GetToken;
  #early: Promise<string> | null = null;

  constructor(get: GetToken) {
    this.#get = get;
  }

  /** A token now. A failure is the uploader's too for a moment; later it asks anew. */
  early(): Promise<string> {
    if (this.#early) return this.#early;
    const early = Promise.resolve().then(this.#get);
    const forget = () => {
      if (this.#early === early) this.#early = null;
    };
    early.catch(() => setTimeout(forget, MOMENT));
    this.#early = early;
    return early;
  }

  /** The next token, for the uploader: it asks again when the service refuses the last one. */
  readonly next: GetToken = () => {
    const early = this.#early;
    this.#early = null;
    return early ?? this.#get();
  };
}
