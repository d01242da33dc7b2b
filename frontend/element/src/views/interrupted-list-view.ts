import type { Localizer } from "../language/localizer";
import type { InterruptedItem } from "../state/interrupted";
import { interruptedStatus } from "../state/status-text";
import { IconButton } from "./button";
import { h, icon, setAttribute, setText } from "./dom";
import { FILE, PLAY, TRASH } from "./icons";
import { nameOf } from "./row-view";
import { ScrollArea } from "./scroll-area";

/** What the buttons of interrupted uploads do. */
export interface InterruptedActions {
  resume(one: InterruptedItem, file: File | null): void;
  discard(all: readonly InterruptedItem[]): void;
}

/** The interrupted uploads, each with buttons to resume and discard it. */
export class InterruptedListView {
  readonly element: HTMLElement;
  readonly #title = h("span", { class: "sum", id: "interrupted" });
  readonly #discardAll = h("button", { type: "button", class: "quiet", part: "button bulk" });
  readonly #list = h("ul", { class: "list", role: "list", "aria-labelledby": "interrupted" });
  readonly #scroll = new ScrollArea(this.#list);
  readonly #picker = h("input", { type: "file", hidden: true, tabindex: "-1", "aria-hidden": "true" });
  readonly #rows = new Map<InterruptedItem, InterruptedRow>();
  readonly #actions: InterruptedActions;
  #picking: InterruptedItem | null = null;

  constructor(actions: InterruptedActions) {
    this.#actions = actions;
    const heading = h("div", { class: "summary" }, this.#title, this.#discardAll);
    this.element = h(
      "div",
      { class: "interrupted", part: "interrupted", hidden: true },
      heading,
      this.#scroll.element,
      this.#picker,
    );
    this.#discardAll.addEventListener("click", () => actions.discard([...this.#rows.keys()]));
    this.#picker.addEventListener("change", () => this.#chosen());
  }

  update(shown: readonly InterruptedItem[], localizer: Localizer, disabled: boolean): void {
    const staying = new Set(shown);
    for (const [one, row] of this.#rows) {
      if (staying.has(one)) continue;
      row.element.remove();
      this.#rows.delete(one);
    }
    for (const one of shown) this.#row(one).update(localizer, disabled);
    this.element.hidden = shown.length === 0;
    const title = localizer.text("interrupted", { count: shown.length });
    setText(this.#title, title);
    this.#scroll.setLabel(title);
    setText(this.#discardAll, localizer.text("discardAll"));
    this.#discardAll.hidden = shown.length < 2;
    this.#discardAll.disabled = disabled;
  }

  /** What gets the focus when this one is removed: the button of the next, else of the previous one. */
  neighbour(one: InterruptedItem): HTMLElement | null {
    const rows = [...this.#rows.values()];
    const index = rows.findIndex((row) => row.one === one);
    return (rows[index + 1] ?? rows[index - 1])?.button ?? null;
  }

  /** Whether `focused` is in its row. */
  has(one: InterruptedItem, focused: Element | null): boolean {
    return this.#rows.get(one)?.element.contains(focused) ?? false;
  }

  #row(one: InterruptedItem): InterruptedRow {
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

  /** Opens the browser's dialogue at once: it must be opened by the click. */
  #resume(one: InterruptedItem): void {
    this.#picking = one;
    if (one.needsFile) this.#picker.click();
    else this.#actions.resume(one, null);
  }

  #chosen(): void {
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
    readonly one: InterruptedItem,
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

  update(localizer: Localizer, disabled: boolean): void {
    const { one } = this;
    const { name, stored, size } = one;
    setAttribute(this.element, "data-state", one.trouble ? "troubled" : "interrupted");
    setText(this.#status, interruptedStatus(one, localizer));
    this.#resume.show({ path: PLAY, label: localizer.text("resume", { name }), disabled });
    this.#discard.show({ path: TRASH, label: localizer.text("discard", { name }), disabled });
    const fraction = stored === null || size === 0 ? 0 : stored / size;
    this.#bar.hidden = stored === null;
    setAttribute(this.#bar, "aria-label", localizer.text("progressOf", { name }));
    setAttribute(this.#bar, "aria-valuenow", String(Math.floor(fraction * 100)));
    this.#fill.style.inlineSize = `${fraction * 100}%`;
  }
}
