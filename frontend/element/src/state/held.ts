import type { Localizer } from "../language/localizer";
import type { Item } from "./item";
import type { Totals } from "./totals";

/** Why a form cannot be sent yet. */
export interface Held {
  flag: "customError" | "valueMissing";
  message: string;
  /** the file that it is about */
  item?: Item;
}

/**
 * What holds the form: files that were not uploaded, until the user retries or removes them, since a form never leaves out
 * what somebody chose for it; uploads that are running or paused; a required field without a file. Null if nothing does.
 */
export function heldBy(
  items: readonly Item[],
  { moving, paused, confirmed }: Totals,
  required: boolean,
  localizer: Localizer,
): Held | null {
  const failed = items.filter((item) => item.failed);
  if (failed[0]) return { flag: "customError", message: notUploaded(failed, localizer), item: failed[0] };
  const count = moving + paused;
  if (count > 0) return { flag: "customError", message: localizer.text("busy", { count }) };
  if (required && confirmed === 0) return { flag: "valueMissing", message: localizer.text("required") };
  return null;
}

/** Names the first of them, and says what can be done. */
function notUploaded(failed: readonly Item[], localizer: Localizer): string {
  const retryable = failed.some((item) => item.retryable);
  const name = failed[0]?.name ?? "";
  if (failed.length === 1) return localizer.text(retryable ? "retryOrRemoveOne" : "removeOne", { name });
  const count = failed.length - 1;
  return localizer.text(retryable ? "retryOrRemoveSeveral" : "removeSeveral", { name, count });
}
