import type { Key } from "../language/messages";
import type { Words } from "../language/words";
import { BULK_ACTIONS, type Bulk, isOffered } from "../state/bulk-actions";
import { summaryOf } from "../state/status-text";
import type { Totals } from "../state/totals";
import { h, setAttribute, setText } from "./dom";

/** The line above a list of several files: how far all of them are, and what can be done to all. */
export class Summary {
  readonly element: HTMLElement;
  readonly #text = h("span", { class: "sum", part: "summary-text" });
  readonly #fill = h("span", { class: "fill", part: "progress-value" });
  readonly #bar = h("span", { class: "bar", part: "progress", role: "progressbar" }, this.#fill);
  readonly #buttons = new Map<Bulk, HTMLButtonElement>();

  constructor(press: (what: Bulk) => void) {
    const buttons = h("div", { class: "buttons" });
    for (const what of BULK_ACTIONS) {
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
    setText(this.#text, summaryOf(totals, words));
    this.#showProgress(totals, words);
    for (const [what, button] of this.#buttons) {
      setText(button, words.say(what satisfies Key));
      button.hidden = !isOffered(what, totals);
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
