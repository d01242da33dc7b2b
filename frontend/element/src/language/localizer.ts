import { type Key, type Message, messagesOf } from "./messages";

export type Values = Record<string, string | number>;
type UnitOptions = Pick<Intl.NumberFormatOptions, "unit" | "unitDisplay" | "maximumFractionDigits">;

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** Texts, numbers, sizes and durations in one language. */
export class Localizer {
  readonly #plural: Intl.PluralRules;
  readonly #numbers = new Map<string, Intl.NumberFormat>();

  /** what the browser writes numbers in: it does not know every tag that a page may use */
  readonly #known: string;

  constructor(readonly lang: string) {
    this.#known = knows(lang) ? lang : "en";
    this.#plural = new Intl.PluralRules(this.#known);
  }

  /** The text of `key`. `count` chooses its plural form, and numbers are written as the language does. */
  text(key: Key, values: Values = {}): string {
    const message: Message = messagesOf(this.lang)[key];
    const form = typeof message === "string" ? message : this.#form(message, Number(values.count));
    return form.replace(/\{(\w+)\}/g, (whole, name: string) => this.#value(values[name]) ?? whole);
  }

  /** Such as "12.4 MB" or "5 bytes". Units are decimal, as in most systems. */
  bytes(count: number): string {
    const { unit, value } = sized(count);
    if (unit === "byte") return this.#unit(count, { unit, unitDisplay: "long" });
    return this.#unit(value, { unit, maximumFractionDigits: value < 100 && count >= 1e6 ? 1 : 0 });
  }

  /** Such as "3.1 MB/s". */
  speed(bytesPerSecond: number): string {
    const { unit, value } = sized(bytesPerSecond);
    return this.#unit(value, { unit: `${unit}-per-second`, maximumFractionDigits: value < 10 ? 1 : 0 });
  }

  /** Such as "40 sec" or "2 hr": one unit, rounded up. */
  duration(seconds: number): string {
    const whole = Math.max(1, Math.ceil(seconds));
    if (whole < 60) return this.#unit(whole, { unit: "second" });
    if (whole < 3600) return this.#unit(Math.ceil(whole / 60), { unit: "minute" });
    return this.#unit(Math.ceil(whole / 3600), { unit: "hour" });
  }

  /** Such as "40%"; 100 only when complete. */
  percent(fraction: number): string {
    return this.#format({ style: "percent" }).format(fraction < 1 ? Math.floor(fraction * 100) / 100 : 1);
  }

  #form(message: Exclude<Message, string>, count: number): string {
    return message[this.#plural.select(count)] ?? message.other;
  }

  #value(value: string | number | undefined): string | undefined {
    return typeof value === "number" ? this.#format({}).format(value) : value;
  }

  #unit(value: number, options: UnitOptions): string {
    return this.#format({ style: "unit", unitDisplay: "short", ...options }).format(value);
  }

  #format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const key = JSON.stringify(options);
    const known = this.#numbers.get(key) ?? new Intl.NumberFormat(this.#known, options);
    this.#numbers.set(key, known);
    return known;
  }
}

function knows(lang: string): boolean {
  try {
    return Intl.getCanonicalLocales(lang).length > 0;
  } catch {
    return false;
  }
}

function sized(count: number): { unit: string; value: number } {
  const step = count < 1000 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(count) / 3));
  return { unit: SIZES[step] ?? "byte", value: count / 1000 ** step };
}
