import { h } from "./dom";
import type { Item } from "./item";
import { statusOf } from "./wording";
import type { Words } from "./words";

const QUIET = 1500; // ms that news are gathered, so that many files make one sentence

type News = "saidAdded" | "saidConfirmed" | "saidFailed";

/** What screen readers hear: what was added, uploaded or not, gathered; that nothing answers; never progress. */
export class Announcer {
  readonly element = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  readonly #news = new Map<News, { last: Item; count: number }>();
  readonly #words: () => Words;
  #away: "no" | "to say" | "said" = "no";
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `words` is asked when something is said. */
  constructor(words: () => Words) {
    this.#words = words;
  }

  tell(news: News, item: Item): void {
    this.#news.set(news, { last: item, count: (this.#news.get(news)?.count ?? 0) + 1 });
    this.#soon();
  }

  /** Whether something does not answer: said once each time that it begins. */
  away(away: boolean): void {
    if (!away) this.#away = "no";
    else if (this.#away === "no") {
      this.#away = "to say";
      this.#soon();
    }
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => this.#say(this.#words()), QUIET);
  }

  #say(words: Words): void {
    this.#timer = null;
    const sentences = [...this.#news].map(([news, { last, count }]) =>
      words.say(news, { count, name: last.file.name, message: statusOf(last, words) }),
    );
    this.#news.clear();
    if (this.#away === "to say") {
      sentences.push(words.say("saidWaiting"));
      this.#away = "said";
    }
    this.element.textContent = sentences.join(" ");
  }
}
