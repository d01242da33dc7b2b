import type { ConfirmedUpload, UploadSnapshot, ValetKeyError } from "@valetkey/client";
import type { Item, ItemState } from "../state/item";

/** One file, as the events tell of it. */
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
  /** files came, went, or were confirmed; a moment later the form has the new value */
  "valet-change": { value: string[]; items: ItemDetail[] };
  /** a file came to another state */
  "valet-state": ItemDetail;
  "valet-confirmed": ItemDetail & { upload: ConfirmedUpload };
  /** `error` is null when the element itself refused the file */
  "valet-error": ItemDetail & { error: ValetKeyError | null };
  /** nothing is under way any more */
  "valet-finished": { confirmed: number; failed: number };
}

export function detailOf({ key, file, state, snapshot }: Item): ItemDetail {
  return { key, file, state, snapshot };
}

/** Tells `target`'s listeners, and those around it. A listener that throws breaks nothing here. */
export function tell<K extends keyof ValetUploadEvents>(
  target: EventTarget,
  name: K,
  detail: ValetUploadEvents[K],
): void {
  target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}
