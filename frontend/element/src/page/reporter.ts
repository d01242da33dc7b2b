import type { ConfirmedUpload } from "@valetkey/client";
import type { Announcements } from "../state/announcements";
import type { InterruptedChange, InterruptedItem } from "../state/interrupted";
import type { Item } from "../state/item";
import { interruptedStatus, itemStatus } from "../state/status-text";
import type { Totals } from "../state/totals";
import { detailOf, dispatch } from "./events";

/** Reports changes of the items to the page's listeners and to screen readers. */
export class Reporter {
  readonly #host: HTMLElement;
  readonly #announcements: Announcements;
  #news = false;
  #busy = false;

  constructor(host: HTMLElement, announcements: Announcements) {
    this.#host = host;
    this.#announcements = announcements;
  }

  /** Items were added or removed: reported with the next `commit`. */
  noteChange(): void {
    this.#news = true;
  }

  /** Reports an item's state if it has changed; returns whether it has. */
  reportState(item: Item): boolean {
    if (item.state === item.reportedState) return false;
    item.reportedState = item.state;
    this.#news = true;
    const detail = detailOf(item);
    dispatch(this.#host, "valet-state", detail);
    if (item.state === "confirmed") {
      this.#announcements.add("saidConfirmed", item.name);
      dispatch(this.#host, "valet-confirmed", {
        ...detail,
        upload: item.snapshot?.upload as ConfirmedUpload,
      });
    }
    if (item.failed) {
      this.#announcements.add("saidFailed", item.name, (localizer) => itemStatus(item, localizer));
      dispatch(this.#host, "valet-error", { ...detail, error: item.snapshot?.error ?? null });
    }
    return true;
  }

  /** Reports a change of an interrupted upload to screen readers. */
  reportInterrupted(one: InterruptedItem, change: InterruptedChange): void {
    if (change === "found") this.#announcements.add("saidInterrupted", one.name);
    if (change === "troubled")
      this.#announcements.add("saidFailed", one.name, (localizer) => interruptedStatus(one, localizer));
    if (change === "discarded") this.#announcements.add("saidDiscarded", one.name);
  }

  /** Reports all changes since the last time, and when the last upload has ended. */
  commit(value: string[], items: readonly Item[], totals: Totals): void {
    const news = this.#news;
    this.#news = false;
    if (news) dispatch(this.#host, "valet-change", { value, items: items.map(detailOf) });
    const busy = totals.moving + totals.paused > 0;
    const { confirmed, failed } = totals;
    if (this.#busy && !busy) dispatch(this.#host, "valet-finished", { confirmed, failed });
    this.#busy = busy;
  }
}
