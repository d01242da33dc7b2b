import type { Words } from "../language/words";
import { IconButton } from "./button";
import { h, setText } from "./dom";
import { CLOSE } from "./icons";

/** A sentence about files that are not in the list, until somebody hides it. */
export class Notice {
  readonly element: HTMLElement;
  readonly #text = h("span");
  readonly #hide = new IconButton("button", CLOSE, () => this.show(null));
  #sentence: ((words: Words) => string) | null = null;

  constructor() {
    this.element = h(
      "div",
      { class: "notice", part: "notice", role: "alert", hidden: true },
      this.#text,
      this.#hide.element,
    );
  }

  /** Shows a sentence with the next update, or null: none. */
  show(sentence: ((words: Words) => string) | null): void {
    this.#sentence = sentence;
    this.element.hidden = sentence === null;
  }

  update(words: Words): void {
    setText(this.#text, this.#sentence?.(words) ?? "");
    this.#hide.show({ path: CLOSE, label: words.say("dismiss") });
  }
}
