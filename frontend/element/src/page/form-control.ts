import type { Held } from "../state/held";

/** A server that renders pages has no elements: there the module is loaded, and nothing is made. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/** A custom element that is a form field, as `<input>` is. */
export abstract class FormControl extends Base {
  static readonly formAssociated = true;

  readonly #internals = this.attachInternals();
  #anchor: HTMLElement | null = null;

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

  /** Invalid where something holds the form: the browser says what beside `anchor`. */
  protected setValidity(held: Held | null, anchor: HTMLElement): void {
    const { validity, validationMessage } = this.#internals;
    const same = held ? validity[held.flag] && validationMessage === held.message : validity.valid;
    if (same && (!held || this.#anchor === anchor)) return;
    this.#anchor = anchor;
    if (held) this.#internals.setValidity({ [held.flag]: true }, held.message, anchor);
    else this.#internals.setValidity({});
  }
}
