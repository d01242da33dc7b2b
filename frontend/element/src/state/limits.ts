import type { Localizer } from "../language/localizer";
import { accepts } from "./accept";
import type { Refusal } from "./item";

/** What the limits are checked against. */
export interface CheckedFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** The limits of an element, as its attributes give them; an empty string is no limit. */
export interface LimitSettings {
  readonly accept: string;
  readonly multiple: boolean;
  readonly maxFiles: string;
  readonly maxSize: string;
}

/** Checks files against the settings as they are at that moment. */
export class Limits {
  readonly #settings: LimitSettings;

  constructor(settings: LimitSettings) {
    this.#settings = settings;
  }

  /** how many files the element takes */
  get maxFiles(): number {
    if (!this.#settings.multiple) return 1;
    return wholeNumber(this.#settings.maxFiles) ?? Number.POSITIVE_INFINITY;
  }

  /** Why a file is refused; null if it is accepted. */
  readonly check = (file: CheckedFile): Refusal | null => {
    const limit = wholeNumber(this.#settings.maxSize);
    if (!accepts(this.#settings.accept, file)) return { key: "wrongKind" };
    return limit !== null && file.size > limit ? { key: "tooLarge", limit } : null;
  };

  /** The message about files that were left out: `count` too many, and those `unreadable`. Null if there are none. */
  describeLeftOut(count: number, unreadable: number): ((localizer: Localizer) => string) | null {
    if (count + unreadable === 0) return null;
    const limit = this.maxFiles;
    const key = limit === 1 ? "onlyOne" : "tooMany";
    return (localizer) =>
      [
        count > 0 ? localizer.text(key, { limit, count }) : "",
        unreadable > 0 ? localizer.text("unreadable", { count: unreadable }) : "",
      ].join(" ");
  }
}

/** A whole number from an attribute; null if it is none. */
function wholeNumber(text: string): number | null {
  return /^\d+$/.test(text.trim()) ? Number(text) : null;
}
