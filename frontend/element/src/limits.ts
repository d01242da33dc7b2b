import { accepts } from "./accept";
import { wholeNumber } from "./attributes";
import type { Refusal } from "./item";
import type { Words } from "./words";

/** What is looked at before a file is taken. */
export interface Facts {
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** What an element takes, as its attributes say. */
export class Limits {
  readonly #host: HTMLElement;

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  get multiple(): boolean {
    return this.#host.hasAttribute("multiple");
  }

  /** files */
  get most(): number {
    if (!this.multiple) return 1;
    return wholeNumber(this.#host.getAttribute("max-files")) ?? Number.POSITIVE_INFINITY;
  }

  /** Why a file is not taken; null when it is. */
  readonly judge = (file: Facts): Refusal | null => {
    const limit = wholeNumber(this.#host.getAttribute("max-size"));
    if (!accepts(this.#host.getAttribute("accept") ?? "", file)) return { key: "wrongKind" };
    return limit !== null && file.size > limit ? { key: "tooLarge", limit } : null;
  };

  /** What is said about files that are not taken: so many too many, so many unreadable. Null: nothing. */
  leftOut(count: number, unreadable: number): ((words: Words) => string) | null {
    if (count + unreadable === 0) return null;
    const limit = this.most;
    const key = limit === 1 ? "onlyOne" : "tooMany";
    return (words) =>
      [
        count > 0 ? words.say(key, { limit, count }) : "",
        unreadable > 0 ? words.say("unreadable", { count: unreadable }) : "",
      ].join(" ");
  }
}
