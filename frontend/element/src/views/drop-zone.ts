import type { Words } from "../language/words";
import { h, icon, setAttribute, setText } from "./dom";
import { UP } from "./icons";

/** How the zone is to be. */
export interface ZoneState {
  multiple: boolean;
  folders: boolean;
  accept: string;
  disabled: boolean;
  dragging: boolean;
  reading: boolean;
}

/** Where files are dropped and picked. A click anywhere in it picks, too. */
export class Zone {
  readonly element: HTMLElement;
  readonly button = h("button", { type: "button", class: "choose", part: "button choose" });
  readonly #folder = h("button", { type: "button", class: "quiet", part: "button choose-folder" });
  readonly #text = h("span", { class: "hint", part: "hint" });
  readonly #files = h("input", { type: "file", hidden: true, tabindex: "-1", "aria-hidden": "true" });
  readonly #folders = h("input", {
    type: "file",
    hidden: true,
    webkitdirectory: true,
    multiple: true,
    "aria-hidden": "true",
  });

  constructor(picked: (files: File[]) => void) {
    this.element = h(
      "div",
      { class: "zone", part: "zone" },
      h("span", { class: "badge" }, icon(UP)),
      this.#text,
      h("span", { class: "picks" }, this.button, this.#folder),
      this.#files,
      this.#folders,
    );
    this.element.addEventListener("click", ({ target }) => this.#clicked(target as Element));
    for (const input of [this.#files, this.#folders])
      input.addEventListener("change", () => take(input, picked));
  }

  /** Opens the browser's own dialogue; only a user's act may. */
  pick(): void {
    this.#files.click();
  }

  update({ multiple, folders, accept, disabled, dragging, reading }: ZoneState, words: Words): void {
    const count = multiple ? 2 : 1;
    const idle = reading ? words.say("reading") : words.say("drop", { count });
    setText(this.#text, dragging ? words.say("dropNow") : idle);
    setText(this.button, words.say("choose", { count }));
    setText(this.#folder, words.say("chooseFolder"));
    this.#folder.hidden = !folders || !multiple;
    this.button.disabled = disabled;
    this.#folder.disabled = disabled;
    this.#files.multiple = multiple;
    setAttribute(this.#files, "accept", accept || undefined);
    setAttribute(this.element, "data-disabled", disabled);
  }

  #clicked(target: Element): void {
    if (target instanceof HTMLInputElement || this.button.disabled) return;
    if (this.#folder.contains(target)) this.#folders.click();
    else this.pick();
  }
}

/** Hands the picked files on, and forgets them, so that the same can be picked again. */
function take(input: HTMLInputElement, picked: (files: File[]) => void): void {
  const files = Array.from(input.files ?? []);
  input.value = "";
  if (files.length > 0) picked(files);
}
