import { h } from "./dom";
import type { Words } from "./words";

const QUIET = 1500; // ms that news are gathered, so that many files make one sentence

type News = "saidAdded" | "saidConfirmed" | "saidFailed" | "saidInterrupted" | "saidDiscarded";
type Message = (words: Words) => string;

/** What screen readers hear: what came, was uploaded or was not, gathered; that nothing answers; never progress. */
export class Announcer {
  readonly element = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  readonly #news = new Map<News, { name: string; message: Message; count: number }>();
  readonly #words: () => Words;
  #away: "no" | "to say" | "said" = "no";
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `words` is asked when something is said. */
  constructor(words: () => Words) {
    this.#words = words;
  }

  /** Something became of the file `name`; `message` is asked for when it is said, if it is the only one. */
  tell(news: News, name: string, message: Message = () => ""): void {
    this.#news.set(news, { name, message, count: (this.#news.get(news)?.count ?? 0) + 1 });
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
    const sentences = [...this.#news].map(([news, { name, message, count }]) =>
      words.say(news, { count, name, message: message(words) }),
    );
    this.#news.clear();
    if (this.#away === "to say") {
      sentences.push(words.say("saidWaiting"));
      this.#away = "said";
    }
    this.element.textContent = sentences.join(" ");
  }
}
