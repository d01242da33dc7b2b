import { h, setAttribute } from "./dom";

/**
 * A box that scrolls when its content is too high for it. It then fades at the edges beyond which there is more, and the keyboard
 * reaches it, under its label.
 */
export class ScrollArea {
  readonly element: HTMLElement;
  #label = "";

  constructor(content: HTMLElement, part?: string) {
    this.element = h("div", { class: "scroll", part }, content);
    this.element.addEventListener("scroll", () => this.#measure(), { passive: true });
    const observer = new ResizeObserver(() => this.#measure());
    for (const box of [this.element, content]) observer.observe(box);
  }

  /** The name that screen readers say. */
  setLabel(label: string): void {
    this.#label = label;
    if (this.element.hasAttribute("role")) setAttribute(this.element, "aria-label", label);
  }

  #measure(): void {
    const { element } = this;
    const { scrollTop, clientHeight, scrollHeight } = element;
    const below = scrollHeight - clientHeight - scrollTop;
    setAttribute(element, "data-above", scrollTop > 1);
    setAttribute(element, "data-below", below > 1);
    const reachable = scrollHeight > clientHeight || element.matches(":focus"); // whoever is there is not thrown out
    setAttribute(element, "tabindex", reachable && "0");
    setAttribute(element, "role", reachable && "region");
    setAttribute(element, "aria-label", reachable && this.#label);
  }
}
