export type Listener<T> = (snapshot: T) => void;

/** A value with listeners. */
export class Observable<T> {
  #value: T;
  readonly #listeners = new Set<Listener<T>>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const listener of [...this.#listeners]) callSafely(() => listener(value));
  }

  subscribe(listener: Listener<T>): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

/** Calls a caller's function. What it throws is reported as uncaught and does not fail the upload. */
export function callSafely(run: () => void): void {
  try {
    run();
  } catch (error) {
    globalThis.reportError?.(error);
  }
}
