import type { ConfirmedUpload, UploadSnapshot, ValetKeyError } from "@valetkey/client";
import type { Item, ItemState } from "../state/item";

/** One file, as events describe it. */
export interface ItemDetail {
  /** the same for one file in all events */
  key: number;
  /** empty where it was uploaded before the page was shown */
  file: File;
  /** the service's id of its upload; null before it has one */
  id: string | null;
  state: ItemState;
  /** null when the element itself refused the file, and for one that was uploaded before the page was shown */
  snapshot: UploadSnapshot | null;
}

/** What the events carry as `detail`. */
export interface ValetUploadEvents {
  /** files were added, removed or changed their state; the form already has the new value */
  "valet-change": { value: string[]; items: ItemDetail[] };
  /** a file changed its state */
  "valet-state": ItemDetail;
  "valet-confirmed": ItemDetail & { upload: ConfirmedUpload };
  /** `error` is null when the element itself refused the file */
  "valet-error": ItemDetail & { error: ValetKeyError | null };
  /** the last running upload has ended */
  "valet-finished": { confirmed: number; failed: number };
}

export function detailOf({ key, file, uploadId, state, snapshot }: Item): ItemDetail {
  return { key, file, id: uploadId, state, snapshot };
}

/** Dispatches an event that bubbles and crosses shadow roots. */
export function dispatch<K extends keyof ValetUploadEvents>(
  target: EventTarget,
  name: K,
  detail: ValetUploadEvents[K],
): void {
  target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}
