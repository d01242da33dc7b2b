import type { Localizer } from "../language/localizer";
import { h, icon, setAttribute, setText } from "./dom";
import { UP } from "./icons";

/** What the zone shows. */
export interface DropZoneState {
  multiple: boolean;
  folders: boolean;
  accept: string;
  disabled: boolean;
  dragging: boolean;
  reading: boolean;
}

/** Where files are dropped and chosen. A click anywhere in it opens the dialogue. */
export class DropZone {
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

  constructor(chosen: (files: File[]) => void) {
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
      input.addEventListener("change", () => take(input, chosen));
  }

  /** Opens the browser's dialogue; only a user gesture may. */
  pick(): void {
    this.#files.click();
  }

  update(
    { multiple, folders, accept, disabled, dragging, reading }: DropZoneState,
    localizer: Localizer,
  ): void {
    const count = multiple ? 2 : 1;
    const idle = reading ? localizer.text("reading") : localizer.text("drop", { count });
    setText(this.#text, dragging ? localizer.text("dropNow") : idle);
    setText(this.button, localizer.text("choose", { count }));
    setText(this.#folder, localizer.text("chooseFolder"));
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

/** Passes the chosen files on, and clears the input, so that the same can be chosen again. */
function take(input: HTMLInputElement, chosen: (files: File[]) => void): void {
  const files = Array.from(input.files ?? []);
  input.value = "";
  if (files.length > 0) chosen(files);
}
