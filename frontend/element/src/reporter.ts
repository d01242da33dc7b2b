import type { ConfirmedUpload } from "@valetkey/client";
import type { Announcer } from "./announcer";
import { detailOf, tell } from "./events";
import type { Interrupted, InterruptedChange } from "./interrupted";
import type { Item } from "./item";
import type { Totals } from "./summary";
import { interruptedStatus, statusOf } from "./wording";

/** Tells the page's listeners, and screen readers, what became of the items. */
export class Reporter {
  readonly #host: HTMLElement;
  readonly #announcer: Announcer;
  #news = false;
  #busy = false;

  constructor(host: HTMLElement, announcer: Announcer) {
    this.#host = host;
    this.#announcer = announcer;
  }

  /** Items came or went: told with the next `commit`. */
  changed(): void {
    this.#news = true;
  }

  /** Tells of an item that came to another state; whether it did. */
  moved(item: Item): boolean {
    if (item.state === item.told) return false;
    item.told = item.state;
    this.#news = true;
    const detail = detailOf(item);
    tell(this.#host, "valet-state", detail);
    if (item.state === "confirmed") {
      this.#announcer.tell("saidConfirmed", item.name);
      tell(this.#host, "valet-confirmed", { ...detail, upload: item.snapshot?.upload as ConfirmedUpload });
    }
    if (item.failed) {
      this.#announcer.tell("saidFailed", item.name, (words) => statusOf(item, words));
      tell(this.#host, "valet-error", { ...detail, error: item.snapshot?.error ?? null });
    }
    return true;
  }

  /** Tells screen readers what is new about an interrupted upload. */
  interrupted(one: Interrupted, change: InterruptedChange): void {
    if (change === "found") this.#announcer.tell("saidInterrupted", one.name);
    if (change === "troubled")
      this.#announcer.tell("saidFailed", one.name, (words) => interruptedStatus(one, words));
    if (change === "discarded") this.#announcer.tell("saidDiscarded", one.name);
  }

  /** Tells of all changes since the last time, and of the end when nothing is under way any more. */
  commit(value: string[], items: readonly Item[], totals: Totals): void {
    const news = this.#news;
    this.#news = false;
    if (news) tell(this.#host, "valet-change", { value, items: items.map(detailOf) });
    const busy = totals.moving + totals.paused > 0;
    const { confirmed, failed } = totals;
    if (this.#busy && !busy) tell(this.#host, "valet-finished", { confirmed, failed });
    this.#busy = busy;
  }
}
