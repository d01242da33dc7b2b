import type { Localizer } from "../language/localizer";
import type { Key } from "../language/messages";
import { BULK_ACTIONS, type BulkAction, isOffered } from "../state/bulk-actions";
import { summaryText } from "../state/status-text";
import type { Totals } from "../state/totals";
import { h, setAttribute, setText } from "./dom";

/** The line above a list of several files: their progress, and what can be done to all. */
export class SummaryView {
  readonly element: HTMLElement;
  readonly #text = h("span", { class: "sum", part: "summary-text" });
  readonly #fill = h("span", { class: "fill", part: "progress-value" });
  readonly #bar = h("span", { class: "bar", part: "progress", role: "progressbar" }, this.#fill);
  readonly #buttons = new Map<BulkAction, HTMLButtonElement>();

  constructor(press: (what: BulkAction) => void) {
    const buttons = h("div", { class: "buttons" });
    for (const what of BULK_ACTIONS) {
      const button = h("button", { type: "button", class: "quiet", part: "button bulk" });
      button.addEventListener("click", () => press(what));
      buttons.append(button);
      this.#buttons.set(what, button);
    }
    this.element = h("div", { class: "summary", part: "summary" }, this.#text, buttons, this.#bar);
  }

  update(totals: Totals, localizer: Localizer, disabled: boolean): void {
    this.element.hidden = totals.count < 2;
    if (this.element.hidden) return;
    setText(this.#text, summaryText(totals, localizer));
    this.#showProgress(totals, localizer);
    for (const [what, button] of this.#buttons) {
      setText(button, localizer.text(what satisfies Key));
      button.hidden = !isOffered(what, totals);
      button.disabled = disabled;
    }
  }

  #showProgress({ moving, paused, total, sent, confirmed, count }: Totals, localizer: Localizer): void {
    this.#bar.hidden = moving + paused === 0;
    const fraction = total > 0 ? sent / total : confirmed / count;
    setAttribute(this.#bar, "aria-label", localizer.text("overall"));
    setAttribute(this.#bar, "aria-valuenow", String(Math.floor(fraction * 100)));
    this.#fill.style.inlineSize = `${fraction * 100}%`;
  }
}
