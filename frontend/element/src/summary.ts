import { h, setAttribute, setText } from "./dom";
import type { Item } from "./item";
import type { Key } from "./messages";
import type { Words } from "./words";

/** How all items together are doing. */
export interface Totals {
  count: number;
  confirmed: number;
  failed: number;
  moving: number;
  paused: number;
  retryable: number;
  /** bytes of those that are on their way or there */
  total: number;
  sent: number;
  /** bytes per second */
  speed: number;
}

export type Bulk = "pauseAll" | "resumeAll" | "retryAll" | "cancelAll" | "clear";

/** Adds all items up: one look at each. */
export function totalsOf(items: readonly Item[]): Totals {
  const totals: Totals = {
    count: items.length,
    confirmed: 0,
    failed: 0,
    moving: 0,
    paused: 0,
    retryable: 0,
    total: 0,
    sent: 0,
    speed: 0,
  };
  for (const item of items) count(item, totals);
  return totals;
}

function count(item: Item, totals: Totals): void {
  const { state, snapshot } = item;
  if (state === "confirmed") totals.confirmed++;
  if (item.failed) totals.failed++;
  if (item.moving) totals.moving++;
  if (state === "paused") totals.paused++;
  if (item.retryable) totals.retryable++;
  if (!item.open && state !== "confirmed") return;
  totals.total += item.size;
  totals.sent += snapshot?.progress.sent ?? 0;
  if (item.moving) totals.speed += snapshot?.progress.speed ?? 0;
}

const SHOW: Record<Bulk, (totals: Totals) => boolean> = {
  pauseAll: ({ moving }) => moving > 0,
  resumeAll: ({ moving, paused }) => moving === 0 && paused > 0,
  retryAll: ({ retryable }) => retryable > 0,
  cancelAll: ({ moving, paused }) => moving + paused > 0,
  clear: ({ moving, paused }) => moving + paused === 0,
};

/** The line above a list of several files: how far all of them are, and what can be done to all. */
export class Summary {
  readonly element: HTMLElement;
  readonly #text = h("span", { class: "sum", part: "summary-text" });
  readonly #fill = h("span", { class: "fill", part: "progress-value" });
  readonly #bar = h("span", { class: "bar", part: "progress", role: "progressbar" }, this.#fill);
  readonly #buttons = new Map<Bulk, HTMLButtonElement>();

  constructor(press: (what: Bulk) => void) {
    const buttons = h("div", { class: "buttons" });
    for (const what of Object.keys(SHOW) as Bulk[]) {
      const button = h("button", { type: "button", class: "quiet", part: "button bulk" });
      button.addEventListener("click", () => press(what));
      buttons.append(button);
      this.#buttons.set(what, button);
    }
    this.element = h("div", { class: "summary", part: "summary" }, this.#text, buttons, this.#bar);
  }

  update(totals: Totals, words: Words, disabled: boolean): void {
    this.element.hidden = totals.count < 2;
    if (this.element.hidden) return;
    setText(this.#text, describe(totals, words));
    this.#showProgress(totals, words);
    for (const [what, button] of this.#buttons) {
      setText(button, words.say(what satisfies Key));
      button.hidden = !SHOW[what](totals);
      button.disabled = disabled;
    }
  }

  #showProgress({ moving, paused, total, sent, confirmed, count }: Totals, words: Words): void {
    this.#bar.hidden = moving + paused === 0;
    const fraction = total > 0 ? sent / total : confirmed / count;
    setAttribute(this.#bar, "aria-label", words.say("overall"));
    setAttribute(this.#bar, "aria-valuenow", String(Math.floor(fraction * 100)));
    this.#fill.style.inlineSize = `${fraction * 100}%`;
  }
}

function describe({ count, confirmed, failed, moving, speed, total, sent }: Totals, words: Words): string {
  const parts = [words.say("summary", { done: confirmed, count })];
  if (failed > 0) parts.push(words.say("summaryFailed", { count: failed }));
  if (moving > 0 && speed > 0)
    parts.push(words.say("left", { left: words.duration((total - sent) / speed) }));
  return parts.join(" · ");
}
