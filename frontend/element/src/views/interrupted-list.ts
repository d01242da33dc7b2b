import type { Words } from "../language/words";
import type { Interrupted } from "../state/interrupted";
import { interruptedStatus } from "../state/status-text";
import { IconButton } from "./button";
import { h, icon, setAttribute, setText } from "./dom";
import { FILE, PLAY, TRASH } from "./icons";
import { nameOf } from "./row";

/** What the buttons of interrupted uploads do. */
export interface InterruptedActions {
  resume(one: Interrupted, file: File | null): void;
  discard(all: readonly Interrupted[]): void;
}

/** The uploads that earlier pages left, each with what can be done about it. */
export class InterruptedList {
  readonly element: HTMLElement;
  readonly #title = h("span", { class: "sum", id: "interrupted" });
  readonly #discardAll = h("button", { type: "button", class: "quiet", part: "button bulk" });
  readonly #list = h("ul", { class: "list", role: "list", "aria-labelledby": "interrupted" });
  readonly #picker = h("input", { type: "file", hidden: true, tabindex: "-1", "aria-hidden": "true" });
  readonly #rows = new Map<Interrupted, InterruptedRow>();
  readonly #actions: InterruptedActions;
  #picking: Interrupted | null = null;

  constructor(actions: InterruptedActions) {
    this.#actions = actions;
    const heading = h("div", { class: "summary" }, this.#title, this.#discardAll);
    this.element = h(
      "div",
      { class: "interrupted", part: "interrupted", hidden: true },
      heading,
      this.#list,
      this.#picker,
    );
    this.#discardAll.addEventListener("click", () => actions.discard([...this.#rows.keys()]));
    this.#picker.addEventListener("change", () => this.#picked());
  }

  update(shown: readonly Interrupted[], words: Words, disabled: boolean): void {
    const staying = new Set(shown);
    for (const [one, row] of this.#rows) {
      if (staying.has(one)) continue;
      row.element.remove();
      this.#rows.delete(one);
    }
    for (const one of shown) this.#row(one).update(words, disabled);
    this.element.hidden = shown.length === 0;
    setText(this.#title, words.say("interrupted", { count: shown.length }));
    setText(this.#discardAll, words.say("discardAll"));
    this.#discardAll.hidden = shown.length < 2;
    this.#discardAll.disabled = disabled;
  }

  /** What gets the focus when this one goes: the button of the next, else of the one before. */
  neighbour(one: Interrupted): HTMLElement | null {
    const rows = [...this.#rows.values()];
    const index = rows.findIndex((row) => row.one === one);
    return (rows[index + 1] ?? rows[index - 1])?.button ?? null;
  }

  /** Whether `focused` is in its row. */
  has(one: Interrupted, focused: Element | null): boolean {
    return this.#rows.get(one)?.element.contains(focused) ?? false;
  }

  #row(one: Interrupted): InterruptedRow {
    const known = this.#rows.get(one);
    if (known) return known;
    const row = new InterruptedRow(one, {
      resume: () => this.#resume(one),
      discard: () => this.#actions.discard([one]),
    });
    this.#rows.set(one, row);
    this.#list.append(row.element);
    return row;
  }

  /** The browser's dialogue is opened at once: it has to be in the click. */
  #resume(one: Interrupted): void {
    this.#picking = one;
    if (one.needsFile) this.#picker.click();
    else this.#actions.resume(one, null);
  }

  #picked(): void {
    const [file] = this.#picker.files ?? [];
    this.#picker.value = "";
    if (file && this.#picking) this.#actions.resume(this.#picking, file);
  }
}

class InterruptedRow {
  readonly element: HTMLLIElement;
  readonly #status = h("span", { class: "status", part: "status" });
  readonly #fill = h("span", { class: "fill", part: "progress-value" });
  readonly #bar = h("span", { class: "bar", part: "progress", role: "progressbar" }, this.#fill);
  readonly #resume: IconButton;
  readonly #discard: IconButton;

  constructor(
    readonly one: Interrupted,
    actions: { resume(): void; discard(): void },
  ) {
    this.#resume = new IconButton("button resume", PLAY, actions.resume);
    this.#discard = new IconButton("button discard", TRASH, actions.discard);
    const picture = h("span", { class: "picture", part: "thumbnail" }, icon(FILE));
    const words = h("div", { class: "words" }, nameOf(one.name), this.#status, this.#bar);
    const buttons = h("div", { class: "buttons" }, this.#resume.element, this.#discard.element);
    this.element = h("li", { class: "row", part: "row interrupted" }, picture, words, buttons);
  }

  get button(): HTMLElement {
    return this.#resume.element;
  }

  update(words: Words, disabled: boolean): void {
    const { one } = this;
    const { name, stored, size } = one;
    setAttribute(this.element, "data-state", one.trouble ? "troubled" : "interrupted");
    setText(this.#status, interruptedStatus(one, words));
    this.#resume.show({ path: PLAY, label: words.say("resume", { name }), disabled });
    this.#discard.show({ path: TRASH, label: words.say("discard", { name }), disabled });
    const fraction = stored === null || size === 0 ? 0 : stored / size;
    this.#bar.hidden = stored === null;
    setAttribute(this.#bar, "aria-label", words.say("progressOf", { name }));
    setAttribute(this.#bar, "aria-valuenow", String(Math.floor(fraction * 100)));
    this.#fill.style.inlineSize = `${fraction * 100}%`;
  }
}
