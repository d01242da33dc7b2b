import type { Item } from "./item";

const SHOWN = 100; // rows; a list of ten thousand is of no use to anybody, and slow

/** The items of a long list that are shown, in their order: first the focused one and those that are not confirmed. */
export function visibleItems(items: readonly Item[], focused: Item | undefined): readonly Item[] {
  if (items.length <= SHOWN) return items;
  const first = new Set(items.filter((item) => item === focused));
  for (const wanted of [(item: Item) => item.state !== "confirmed", () => true]) {
    for (const item of items) {
      if (first.size >= SHOWN) break;
      if (wanted(item)) first.add(item);
    }
  }
  return items.filter((item) => first.has(item));
}
