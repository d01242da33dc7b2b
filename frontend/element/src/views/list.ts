import type { Words } from "../language/words";
import type { Item } from "../state/item";
import { visibleItems } from "../state/visible-items";
import { h, setText } from "./dom";
import { type Actions, Row } from "./row";

/**
 * The rows. Of a long list it shows the first hundred that are not done yet, then those that are; how many more there are
 * stands below.
 */
export class List {
  readonly element = h("ul", { class: "list", part: "list", role: "list" });
  readonly more = h("p", { class: "more", part: "more" });
  readonly #rows = new Map<Item, Row>();
  readonly #actions: Actions;

  constructor(actions: Actions) {
    this.#actions = actions;
  }

  /** Shows the items as they are now. `focused` is what has the focus: its row stays. */
  update(items: readonly Item[], words: Words, disabled: boolean, focused: Element | null): void {
    const shown = visibleItems(items, this.#rowOf(focused)?.item);
    this.#leave(new Set(shown));
    this.#arrange(shown);
    for (const row of this.#rows.values()) row.update(words, disabled);
    const rest = items.length - shown.length;
    this.element.setAttribute("aria-label", words.say("files"));
    this.element.hidden = items.length === 0;
    this.more.hidden = rest === 0;
    setText(this.more, rest ? words.say("more", { count: rest }) : "");
  }

  /** The item beside this one that gets the focus when it goes: the next, else the one before. */
  neighbour(item: Item): Row | null {
    const rows = [...this.#rows.values()];
    const index = rows.findIndex((row) => row.item === item);
    return rows[index + 1] ?? rows[index - 1] ?? null;
  }

  get waiting(): boolean {
    return [...this.#rows.keys()].some((item) => item.stuck);
  }

  #rowOf(focused: Element | null): Row | undefined {
    return focused ? [...this.#rows.values()].find((row) => row.holds(focused)) : undefined;
  }

  #leave(staying: Set<Item>): void {
    for (const [item, row] of this.#rows) {
      if (staying.has(item)) continue;
      row.element.remove();
      this.#rows.delete(item);
    }
  }

  /** Puts rows in their places; those that are there already are not moved, so that they keep the focus. */
  #arrange(shown: readonly Item[]): void {
    let place = this.element.firstElementChild;
    const rows = shown.map((item) => [item, this.#rows.get(item) ?? new Row(item, this.#actions)] as const);
    this.#rows.clear();
    for (const [item, row] of rows) {
      this.#rows.set(item, row);
      if (row.element === place) place = place.nextElementSibling;
      else this.element.insertBefore(row.element, place);
    }
  }
}
