import type { Localizer } from "../language/localizer";

const QUIET = 1500; // ms that events are gathered, so that many files make one sentence

/** What happened to a file; the key of its sentence. */
type Event =
  | "saidEarlier"
  | "saidAdded"
  | "saidConfirmed"
  | "saidFailed"
  | "saidInterrupted"
  | "saidDiscarded";
type Message = (localizer: Localizer) => string;

/** What screen readers hear: which files came, were uploaded or failed, gathered; that nothing answers; never progress. */
export class Announcements {
  readonly #events = new Map<Event, { name: string; message: Message; count: number }>();
  readonly #localizer: () => Localizer;
  readonly #speak: (text: string) => void;
  #waiting: "no" | "to say" | "said" = "no";
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `localizer` is called when something is said; `speak` says it. */
  constructor(localizer: () => Localizer, speak: (text: string) => void) {
    this.#localizer = localizer;
    this.#speak = speak;
  }

  /** Something happened to the file `name`; `message` is asked for when it is said, if it is the only one. */
  add(event: Event, name: string, message: Message = () => ""): void {
    this.#events.set(event, { name, message, count: (this.#events.get(event)?.count ?? 0) + 1 });
    this.#schedule();
  }

  /** Whether something does not answer: said once each time that it begins. */
  setWaiting(waiting: boolean): void {
    if (!waiting) this.#waiting = "no";
    else if (this.#waiting === "no") {
      this.#waiting = "to say";
      this.#schedule();
    }
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#flush(this.#localizer()), QUIET);
  }

  #flush(localizer: Localizer): void {
    this.#timer = null;
    const sentences = [...this.#events].map(([event, { name, message, count }]) =>
      localizer.text(event, { count, name, message: message(localizer) }),
    );
    this.#events.clear();
    if (this.#waiting === "to say") {
      sentences.push(localizer.text("saidWaiting"));
      this.#waiting = "said";
    }
    this.#speak(sentences.join(" "));
  }
}
