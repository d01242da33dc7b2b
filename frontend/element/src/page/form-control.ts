import type { Words } from "../language/words";
import type { Totals } from "../state/totals";

/** A custom element that is a field of a form, as `<input>` is one. */
export abstract class FormControl extends HTMLElement {
  static readonly formAssociated = true;

  readonly #internals = this.attachInternals();

  get type(): string {
    return this.localName;
  }

  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }

  get validity(): ValidityState {
    return this.#internals.validity;
  }

  get validationMessage(): string {
    return this.#internals.validationMessage;
  }

  get willValidate(): boolean {
    return this.#internals.willValidate;
  }

  checkValidity(): boolean {
    return this.#internals.checkValidity();
  }

  reportValidity(): boolean {
    return this.#internals.reportValidity();
  }

  /** What is sent with the form: one entry for each id. Nothing is sent for an element without a name. */
  protected setEntries(name: string, ids: readonly string[]): void {
    const entries = new FormData();
    for (const id of ids) entries.append(name, id);
    this.#internals.setFormValue(name && ids.length > 0 ? entries : null);
  }

  /** A form waits for what is under way, paused or not; a required field has to have at least one file. */
  protected setValidity(
    { moving, paused, confirmed }: Totals,
    required: boolean,
    words: Words,
    anchor: HTMLElement,
  ): void {
    const count = moving + paused;
    if (count > 0) this.#internals.setValidity({ customError: true }, words.say("busy", { count }), anchor);
    else if (required && confirmed === 0)
      this.#internals.setValidity({ valueMissing: true }, words.say("required"), anchor);
    else this.#internals.setValidity({});
  }
}
