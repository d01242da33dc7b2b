import type { Totals } from "./summary";
import type { Words } from "./words";

/** What the form is told: the ids of the confirmed uploads, one entry each, and whether it may be sent. */
export class Field {
  readonly internals: ElementInternals;

  constructor(host: HTMLElement) {
    this.internals = host.attachInternals();
  }

  /** Nothing is sent for an element without a name. */
  setValue(name: string, ids: readonly string[]): void {
    const entries = new FormData();
    for (const id of ids) entries.append(name, id);
    this.internals.setFormValue(name && ids.length > 0 ? entries : null);
  }

  /** A form waits for what is under way, paused or not; a required one has to have at least one file. */
  setValidity(
    { moving, paused, confirmed }: Totals,
    required: boolean,
    words: Words,
    anchor: HTMLElement,
  ): void {
    const count = moving + paused;
    if (count > 0) this.internals.setValidity({ customError: true }, words.say("busy", { count }), anchor);
    else if (required && confirmed === 0)
      this.internals.setValidity({ valueMissing: true }, words.say("required"), anchor);
    else this.internals.setValidity({});
  }
}
