import type { ConfirmedUpload, UploadSnapshot, ValetKeyError } from "@valetkey/client";
import type { Item, ItemState } from "../state/item";

/** One file, as events describe it. */
export interface ItemDetail {
  /** the same for one file in all events */
  key: number;
  file: File;
  state: ItemState;
  /** null when the element itself refused the file */
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

export function detailOf({ key, file, state, snapshot }: Item): ItemDetail {
  return { key, file, state, snapshot };
}

/** Dispatches an event that bubbles and crosses shadow roots. */
export function dispatch<K extends keyof ValetUploadEvents>(
  target: EventTarget,
  name: K,
  detail: ValetUploadEvents[K],
): void {
  target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}
