import type { Localizer } from "../language/localizer";
import type { Item } from "../state/item";
import { itemStatus } from "../state/status-text";
import { IconButton } from "./button";
import { h, icon, setAttribute, setText } from "./dom";
import { CLOSE, FILE, PAUSE, PLAY, RETRY } from "./icons";
import { thumbnail } from "./thumbnail";

/** What the buttons of a row do. */
export interface RowActions {
  toggle(item: Item): void;
  retry(item: Item): void;
  end(item: Item): void;
}

const LONGEST_ENDING = 12; // characters of a name that stay visible when it is cut

/** The row of one item. It writes only what has changed. */
export class RowView {
  readonly element: HTMLLIElement;
  readonly #status = h("span", { class: "status", part: "status" });
  readonly #fill = h("span", { class: "fill", part: "progress-value" });
  readonly #bar = h("span", { class: "bar", part: "progress", role: "progressbar" }, this.#fill);
  readonly #picture = h("span", { class: "picture", part: "thumbnail" }, icon(FILE));
  readonly #toggle: IconButton;
  readonly #end: IconButton;

  constructor(
    readonly item: Item,
    actions: RowActions,
  ) {
    this.#toggle = new IconButton("button toggle", PAUSE, () =>
      item.retryable ? actions.retry(item) : actions.toggle(item),
    );
    this.#end = new IconButton("button end", CLOSE, () => actions.end(item));
    const words = h("div", { class: "words" }, nameOf(item.name), this.#status, this.#bar);
    const buttons = h("div", { class: "buttons" }, this.#toggle.element, this.#end.element);
    this.element = h("li", { class: "row" }, this.#picture, words, buttons);
    void this.#draw();
  }

  /** Shows the item as it is now. */
  update(localizer: Localizer, disabled: boolean): void {
    const { item } = this;
    const state = item.stuck ? "waiting" : item.state;
    setAttribute(this.element, "data-state", state);
    setAttribute(this.element, "part", `row ${state}`);
    setText(this.#status, itemStatus(item, localizer));
    this.#showProgress(localizer);
    this.#showButtons(localizer, disabled);
  }

  /** Whether one of its buttons has the focus. */
  holds(focused: Element | null): boolean {
    return this.element.contains(focused);
  }

  /** its first button: to retry or, where that is no use, to remove it */
  get decision(): HTMLButtonElement {
    return this.#toggle.element.hidden ? this.#end.element : this.#toggle.element;
  }

  focus(): void {
    this.#end.element.focus();
  }

  #showProgress(localizer: Localizer): void {
    const { item } = this;
    this.#bar.hidden = !item.open;
    if (!item.open) return;
    const fraction = item.snapshot?.progress.fraction ?? 0;
    setAttribute(this.#bar, "aria-label", localizer.text("progressOf", { name: item.name }));
    setAttribute(this.#bar, "aria-valuenow", String(Math.floor(fraction * 100)));
    this.#fill.style.inlineSize = `${fraction * 100}%`;
  }

  #showButtons(localizer: Localizer, disabled: boolean): void {
    const { item } = this;
    const { name } = item;
    const hadFocus = this.#toggle.element.matches(":focus");
    const [path, key] = item.retryable
      ? ([RETRY, "retry"] as const)
      : item.state === "paused"
        ? ([PLAY, "resume"] as const)
        : ([PAUSE, "pause"] as const);
    const useful = item.retryable || (item.open && item.upload !== null);
    this.#toggle.show(useful ? { path, label: localizer.text(key, { name }), disabled } : null);
    const ending = item.open ? "cancel" : "remove";
    this.#end.show({ path: CLOSE, label: localizer.text(ending, { name }), disabled });
    if (hadFocus && !useful) this.focus();
  }

  async #draw(): Promise<void> {
    const drawn = await thumbnail(this.item.file, () => this.element.isConnected);
    if (drawn) this.#picture.replaceChildren(drawn);
  }
}

/** A file name whose extension stays visible however long it is. */
export function nameOf(name: string): HTMLElement {
  const dot = name.lastIndexOf(".");
  const cut = dot > 0 && name.length - dot <= LONGEST_ENDING ? dot : name.length;
  const stem = h("span", { class: "stem" }, name.slice(0, cut));
  return h("bdi", { class: "name", part: "name", title: name }, stem, name.slice(cut));
}
