import type { Localizer } from "../language/localizer";
import { IconButton } from "./button";
import { h, setText } from "./dom";
import { CLOSE } from "./icons";

/** A message about files that are not in the list, until it is dismissed. */
export class NoticeView {
  readonly element: HTMLElement;
  readonly #text = h("span");
  readonly #hide = new IconButton("button", CLOSE, () => this.show(null));
  #sentence: ((localizer: Localizer) => string) | null = null;

  constructor() {
    this.element = h(
      "div",
      { class: "notice", part: "notice", role: "alert", hidden: true },
      this.#text,
      this.#hide.element,
    );
  }

  /** Shows a message with the next update; null hides it. */
  show(sentence: ((localizer: Localizer) => string) | null): void {
    this.#sentence = sentence;
    this.element.hidden = sentence === null;
  }

  update(localizer: Localizer): void {
    setText(this.#text, this.#sentence?.(localizer) ?? "");
    this.#hide.show({ path: CLOSE, label: localizer.text("dismiss") });
  }
}
