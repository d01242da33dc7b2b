import type { Words } from "../language/words";
import { accepts } from "./accept";
import type { Refusal } from "./item";

/** What is looked at before a file is taken. */
export interface Facts {
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** What an element takes, as its attributes say; an empty text is no limit. */
export interface LimitSettings {
  readonly accept: string;
  readonly multiple: boolean;
  readonly maxFiles: string;
  readonly maxSize: string;
}

/** Judges files by the settings as they are at that moment. */
export class Limits {
  readonly #settings: LimitSettings;

  constructor(settings: LimitSettings) {
    this.#settings = settings;
  }

  /** files */
  get most(): number {
    if (!this.#settings.multiple) return 1;
    return wholeNumber(this.#settings.maxFiles) ?? Number.POSITIVE_INFINITY;
  }

  /** Why a file is not taken; null when it is. */
  readonly judge = (file: Facts): Refusal | null => {
    const limit = wholeNumber(this.#settings.maxSize);
    if (!accepts(this.#settings.accept, file)) return { key: "wrongKind" };
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

/** A whole number as an attribute has it; null where there is none that makes sense. */
function wholeNumber(text: string): number | null {
  return /^\d+$/.test(text.trim()) ? Number(text) : null;
}
