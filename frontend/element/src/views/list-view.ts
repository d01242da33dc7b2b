import type { Localizer } from "../language/localizer";
import type { Item } from "../state/item";
import { visibleItems } from "../state/visible-items";
import { h, setAttribute, setText } from "./dom";
import { type RowActions, RowView } from "./row-view";
import { ScrollArea } from "./scroll-area";

/**
 * The rows. Of a long list it shows the first hundred items that are not confirmed, then those that are; the number of the rest
 * is shown below.
 */
export class ListView {
  readonly element: HTMLElement;
  readonly #list = h("ul", { class: "list", role: "list" });
  readonly #scroll = new ScrollArea(this.#list, "list");
  readonly more = h("p", { class: "more", part: "more" });
  readonly #rows = new Map<Item, RowView>();
  readonly #actions: RowActions;

  constructor(actions: RowActions) {
    this.#actions = actions;
    this.element = this.#scroll.element;
  }

  /** Shows the items as they are now. `focused` is what has the focus: its row stays. */
  update(items: readonly Item[], localizer: Localizer, disabled: boolean, focused: Element | null): void {
    const shown = visibleItems(items, this.#rowOf(focused)?.item);
    this.#leave(new Set(shown));
    this.#arrange(shown);
    for (const row of this.#rows.values()) row.update(localizer, disabled);
    const rest = items.length - shown.length;
    setAttribute(this.#list, "aria-label", localizer.text("files"));
    this.#scroll.setLabel(localizer.text("files"));
    this.element.hidden = items.length === 0;
    this.more.hidden = rest === 0;
    setText(this.more, rest ? localizer.text("more", { count: rest }) : "");
  }

  /** The row that gets the focus when this item is removed: the next, else the previous one. */
  neighbour(item: Item): RowView | null {
    const rows = [...this.#rows.values()];
    const index = rows.findIndex((row) => row.item === item);
    return rows[index + 1] ?? rows[index - 1] ?? null;
  }

  /** The button that decides about this item, if its row is shown. */
  decision(item: Item): HTMLButtonElement | undefined {
    return this.#rows.get(item)?.decision;
  }

  get hasCountdown(): boolean {
    return [...this.#rows.keys()].some((item) => item.stuck);
  }

  #rowOf(focused: Element | null): RowView | undefined {
    return focused ? [...this.#rows.values()].find((row) => row.holds(focused)) : undefined;
  }

  #leave(staying: Set<Item>): void {
    for (const [item, row] of this.#rows) {
      if (staying.has(item)) continue;
      row.element.remove();
      this.#rows.delete(item);
    }
  }

  /** Puts rows in their order; those that are in place are not moved, so that they keep the focus. */
  #arrange(shown: readonly Item[]): void {
    let place = this.#list.firstElementChild;
    const rows = shown.map(
      (item) => [item, this.#rows.get(item) ?? new RowView(item, this.#actions)] as const,
    );
    this.#rows.clear();
    for (const [item, row] of rows) {
      this.#rows.set(item, row);
      if (row.element === place) place = place.nextElementSibling;
      else this.#list.insertBefore(row.element, place);
    }
  }
}
