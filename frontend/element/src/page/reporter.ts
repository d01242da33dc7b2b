import type { ConfirmedUpload } from "@valetkey/client";
import type { Announcements } from "../state/announcements";
import type { Interrupted, InterruptedChange } from "../state/interrupted";
import type { Item } from "../state/item";
import { interruptedStatus, statusOf } from "../state/status-text";
import type { Totals } from "../state/totals";
import { detailOf, tell } from "./events";

/** Tells the page's listeners, and screen readers, what became of the items. */
export class Reporter {
  readonly #host: HTMLElement;
  readonly #announcements: Announcements;
  #news = false;
  #busy = false;

  constructor(host: HTMLElement, announcements: Announcements) {
    this.#host = host;
    this.#announcements = announcements;
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
      this.#announcements.add("saidConfirmed", item.name);
      tell(this.#host, "valet-confirmed", { ...detail, upload: item.snapshot?.upload as ConfirmedUpload });
    }
    if (item.failed) {
      this.#announcements.add("saidFailed", item.name, (words) => statusOf(item, words));
      tell(this.#host, "valet-error", { ...detail, error: item.snapshot?.error ?? null });
    }
    return true;
  }

  /** Tells screen readers what is new about an interrupted upload. */
  interrupted(one: Interrupted, change: InterruptedChange): void {
    if (change === "found") this.#announcements.add("saidInterrupted", one.name);
    if (change === "troubled")
      this.#announcements.add("saidFailed", one.name, (words) => interruptedStatus(one, words));
    if (change === "discarded") this.#announcements.add("saidDiscarded", one.name);
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
