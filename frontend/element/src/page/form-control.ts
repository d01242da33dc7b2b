import type { Localizer } from "../language/localizer";
import type { Totals } from "../state/totals";

/** A custom element that is a form field, as `<input>` is. */
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

  /** Sets what is sent with the form: one entry for each id. Nothing is sent for an element without a name. */
  protected setEntries(name: string, ids: readonly string[]): void {
    const entries = new FormData();
    for (const id of ids) entries.append(name, id);
    this.#internals.setFormValue(name && ids.length > 0 ? entries : null);
  }

  /** The field is invalid while uploads are running or paused, and if it is required and has no file. */
  protected setValidity(
    { moving, paused, confirmed }: Totals,
    required: boolean,
    localizer: Localizer,
    anchor: HTMLElement,
  ): void {
    const count = moving + paused;
    if (count > 0)
      this.#internals.setValidity({ customError: true }, localizer.text("busy", { count }), anchor);
    else if (required && confirmed === 0)
      this.#internals.setValidity({ valueMissing: true }, localizer.text("required"), anchor);
    else this.#internals.setValidity({});
  }
}
