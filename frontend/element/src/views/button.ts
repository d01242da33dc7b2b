import { h, icon, setAttribute, setIcon } from "./dom";

/** A round button with an icon; its label is for screen readers, and shown as a hint. */
export class IconButton {
  readonly element: HTMLButtonElement;
  readonly #icon: SVGSVGElement;

  constructor(part: string, path: string, press: () => void) {
    this.#icon = icon(path);
    this.element = h("button", { type: "button", class: "icon", part }, this.#icon);
    this.element.addEventListener("click", press);
  }

  /** Shows what it does now; null hides it. */
  show(what: { path: string; label: string; disabled?: boolean } | null): void {
    this.element.hidden = what === null;
    if (what === null) return;
    setIcon(this.#icon, what.path);
    setAttribute(this.element, "aria-label", what.label);
    setAttribute(this.element, "title", what.label);
    this.element.disabled = what.disabled ?? false;
  }
}
