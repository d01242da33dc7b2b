import { en } from "./translations/en";

/** A text with `{names}` to fill in; or one for each plural form of the language, chosen by `count`. */
export type Message = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);
export type Key = keyof typeof en;
export type Messages = Record<Key, Message>;

const registered = new Map<string, Messages>();
const listeners = new Set<() => void>();

/**
 * Adds a language, or changes texts of one: `lang` is a BCP 47 tag such as "fr" or "pt-BR". Missing texts are in English.
 * Elements on the page are updated at once.
 */
export function registerTranslation(lang: string, messages: Partial<Messages>): void {
  const key = keyOf(lang);
  registered.set(key, { ...(registered.get(key) ?? en), ...messages });
  for (const listener of listeners) listener();
}

/** Calls `listener` when a language is added, until the returned function is called. */
export function onTranslation(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The first preferred language that is registered, with or without its region; else English. */
export function chooseLanguage(wanted: readonly string[]): string {
  for (const tag of wanted) {
    const parts = keyOf(tag).split("-");
    for (let length = parts.length; length > 0; length--) {
      const candidate = parts.slice(0, length).join("-");
      if (registered.has(candidate)) return candidate;
    }
  }
  return "en";
}

/** The texts of a language; English where it has none. */
export function messagesOf(lang: string): Messages {
  return registered.get(keyOf(lang)) ?? en;
}

/** A tag as it is compared; many write "pt_BR". */
function keyOf(lang: string): string {
  return lang.toLowerCase().replaceAll("_", "-");
}
