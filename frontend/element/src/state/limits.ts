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
  readonly #complain: (text: string) => void;

  /** `complain` gets a sentence for the page's author about each value that cannot be read. */
  constructor(settings: LimitSettings, complain: (text: string) => void = () => {}) {
    this.#settings = settings;
    this.#complain = complain;
  }

  /** how many files the element takes */
  get maxFiles(): number {
    if (!this.#settings.multiple) return 1;
    const { maxFiles } = this.#settings;
    return this.#read("max-files", maxFiles, wholeNumber, "a whole number") ?? Number.POSITIVE_INFINITY;
  }

  /** Why a file is refused; null if it is accepted. */
  readonly check = (file: CheckedFile): Refusal | null => {
    const { accept, maxSize } = this.#settings;
    const limit = this.#read(
      "max-size",
      maxSize,
      bytesOf,
      `bytes ("5000000") or a size with a unit ("5 MB")`,
    );
    if (!accepts(accept, file)) return { key: "wrongKind" };
    return limit !== null && file.size > limit ? { key: "tooLarge", limit } : null;
  };

  /** A value by `parse`; null if there is none, and with a complaint if it is not what was `expected`. */
  #read(name: string, text: string, parse: (text: string) => number | null, expected: string): number | null {
    const value = parse(text.trim());
    if (value === null && text.trim())
      this.#complain(`${name}="${text}" sets no limit: it has to be ${expected}.`);
    return value;
  }

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
  return /^\d+$/.test(text) ? Number(text) : null;
}

const UNITS = "kmgt";

/** A size in bytes, or with a unit: "10 MB" is 10,000,000 bytes, "10 MiB" 10 * 1024 * 1024; null if it is none. */
function bytesOf(text: string): number | null {
  const found = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b$/i.exec(text);
  if (!found) return wholeNumber(text);
  const [, number, unit = "", binary] = found;
  if (binary && !unit) return null;
  return Math.floor(
    Number(number) * (binary ? 1024 : 1000) ** (unit ? UNITS.indexOf(unit.toLowerCase()) + 1 : 0),
  );
}
