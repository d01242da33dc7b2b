import type { UploadSnapshot, ValetKeyError } from "@valetkey/client";
import type { Localizer } from "../language/localizer";
import type { Key } from "../language/messages";
import type { InterruptedItem } from "./interrupted";
import type { Item } from "./item";
import { LoggedOut } from "./logged-out";
import type { Totals } from "./totals";

/** The codes with translated messages. Others are shown in the service's own words. */
const REASONS: Partial<Record<string, Key>> = {
  content_type_not_allowed: "kindRefused",
  size_out_of_range: "sizeRefused",
  content_mismatch: "notWhatItSays",
  type_mismatch: "notWhatItSays",
  infected: "infected",
  file_changed: "changed",
  file_mismatch: "otherFile",
  service_unreachable: "noService",
  storage_unreachable: "noStorage",
  storage_unavailable: "noStorage",
  unauthenticated: "notAllowed",
  token_unavailable: "notAllowed",
  ticket_used_up: "notAllowed",
  upload_ended: "ended",
};

/** What is wrong with an empty file: its size, or that nothing in it is of its type. */
const EMPTINESS = new Set(["size_out_of_range", "content_mismatch"]);

/** One line about the state of an item. */
export function itemStatus(item: Item, localizer: Localizer): string {
  const { refusal, snapshot } = item;
  if (refusal) return localizer.text(refusal.key, { limit: localizer.bytes(refusal.limit ?? 0) });
  if (!snapshot && item.confirmedId)
    return localizer.text("confirmed", { total: localizer.bytes(item.size) });
  if (!snapshot) return localizer.text("queued");
  if (snapshot.waiting && item.stuck) return waitingText(snapshot.waiting, localizer);
  if (snapshot.error && item.failed) return failureText(item, snapshot.error, localizer);
  return localizer.text(messageKey(snapshot), values(snapshot, localizer));
}

/** One line about an interrupted upload: how much of it S3 has, and what it needs. */
export function interruptedStatus(one: InterruptedItem, localizer: Localizer): string {
  const { trouble, stored, size, whole, needsFile } = one;
  const total = localizer.bytes(size);
  if (trouble) return localizer.text(trouble);
  if (whole) return localizer.text("allThere", { total });
  const there = stored === null ? total : localizer.text("there", { sent: localizer.bytes(stored), total });
  return needsFile ? `${there}\u00A0· ${localizer.text("chooseSame")}` : there; // no line begins with the dot
}

/** One line about all files together. */
export function summaryText(
  { count, confirmed, failed, moving, speed, total, sent }: Totals,
  localizer: Localizer,
): string {
  const parts = [localizer.text("summary", { done: confirmed, count })];
  if (failed > 0) parts.push(localizer.text("summaryFailed", { count: failed }));
  if (moving > 0 && speed > 0)
    parts.push(localizer.text("left", { left: localizer.duration((total - sent) / speed) }));
  return parts.join(" · ");
}

/** The message for the error of an item. */
function failureText(item: Item, error: ValetKeyError, localizer: Localizer): string {
  if (item.size === 0 && EMPTINESS.has(error.code)) return localizer.text("empty");
  const known = error instanceof LoggedOut ? "loggedOut" : REASONS[error.code];
  if (known) return localizer.text(known);
  const detail = error.errors[0]?.detail ?? error.detail;
  return localizer.text(item.state === "rejected" ? "rejected" : "failed", { detail });
}

function waitingText(
  { reason, until }: NonNullable<UploadSnapshot["waiting"]>,
  localizer: Localizer,
): string {
  if (reason === "offline") return localizer.text("offline");
  const seconds = ((until ?? 0) - Date.now()) / 1000;
  return seconds > 0
    ? localizer.text("waitingFor", { left: localizer.duration(seconds) })
    : localizer.text("waiting");
}

function messageKey({ state, progress, upload }: UploadSnapshot): Key {
  if (state === "confirming" && upload?.state === "stored") return "checking"; // it arrived, and is looked into
  if (state === "sending") return progress.secondsLeft === null ? "sending" : "sendingFast";
  return state === "rejected" || state === "failed" ? "failed" : state;
}

function values({ progress }: UploadSnapshot, localizer: Localizer): Record<string, string> {
  const { sent, total, speed, fraction, secondsLeft } = progress;
  return {
    sent: localizer.bytes(sent),
    total: localizer.bytes(total),
    speed: localizer.speed(speed),
    percent: localizer.percent(fraction),
    left: localizer.duration(secondsLeft ?? 0),
  };
}
