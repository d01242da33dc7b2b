import type { UploadSnapshot, ValetKeyError } from "@valetkey/client";
import type { Key } from "../language/messages";
import type { Words } from "../language/words";
import type { Interrupted } from "./interrupted";
import type { Item } from "./item";
import type { Totals } from "./totals";

/** What users can do something about, or need not read in English. Other codes are shown in the service's own words. */
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

/** One line that says how an item is doing. */
export function statusOf(item: Item, words: Words): string {
  const { refusal, snapshot } = item;
  if (refusal) return words.say(refusal.key, { limit: words.bytes(refusal.limit ?? 0) });
  if (!snapshot) return words.say("queued");
  if (snapshot.waiting && item.stuck) return waiting(snapshot.waiting, words);
  if (snapshot.error && item.failed) return failure(item, snapshot.error, words);
  return words.say(messageOf(snapshot), facts(snapshot, words));
}

/** One line that says what is there of an interrupted upload, and what it needs. */
export function interruptedStatus(one: Interrupted, words: Words): string {
  const { trouble, stored, size, whole, needsFile } = one;
  const total = words.bytes(size);
  if (trouble) return words.say(trouble);
  if (whole) return words.say("allThere", { total });
  const there = stored === null ? total : words.say("there", { sent: words.bytes(stored), total });
  return needsFile ? `${there}\u00A0· ${words.say("chooseSame")}` : there; // no line begins with the dot
}

/** One line that says how all files together are doing. */
export function summaryOf(
  { count, confirmed, failed, moving, speed, total, sent }: Totals,
  words: Words,
): string {
  const parts = [words.say("summary", { done: confirmed, count })];
  if (failed > 0) parts.push(words.say("summaryFailed", { count: failed }));
  if (moving > 0 && speed > 0)
    parts.push(words.say("left", { left: words.duration((total - sent) / speed) }));
  return parts.join(" · ");
}

/** What the error of an item means to its user. */
function failure(item: Item, error: ValetKeyError, words: Words): string {
  if (item.size === 0 && error.code === "size_out_of_range") return words.say("empty");
  const known = REASONS[error.code];
  if (known) return words.say(known);
  const detail = error.errors[0]?.detail ?? error.detail;
  return words.say(item.state === "rejected" ? "rejected" : "failed", { detail });
}

function waiting({ reason, until }: NonNullable<UploadSnapshot["waiting"]>, words: Words): string {
  if (reason === "offline") return words.say("offline");
  const seconds = ((until ?? 0) - Date.now()) / 1000;
  return seconds > 0 ? words.say("waitingFor", { left: words.duration(seconds) }) : words.say("waiting");
}

function messageOf({ state, progress }: UploadSnapshot): Key {
  if (state === "sending") return progress.secondsLeft === null ? "sending" : "sendingFast";
  return state === "rejected" || state === "failed" ? "failed" : state;
}

function facts({ progress }: UploadSnapshot, words: Words): Record<string, string> {
  const { sent, total, speed, fraction, secondsLeft } = progress;
  return {
    sent: words.bytes(sent),
    total: words.bytes(total),
    speed: words.speed(speed),
    percent: words.percent(fraction),
    left: words.duration(secondsLeft ?? 0),
  };
}
