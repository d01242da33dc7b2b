import { type UploadBody, ValetKeyError } from "@valetkey/client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Localizer } from "../src/language/localizer";
import { Announcements } from "../src/state/announcements";
import { InterruptedItem } from "../src/state/interrupted";
import { Item, type Refusal } from "../src/state/item";
import { LoggedOut } from "../src/state/logged-out";
import { interruptedStatus, itemStatus, summaryText } from "../src/state/status-text";
import { totalsOf } from "../src/state/totals";
import { FakeUpload, fileOf, recordOf } from "./fake";

const en = new Localizer("en");

function itemOf(file: File, change: Parameters<FakeUpload["set"]>[0] = {}, refusal: Refusal | null = null) {
  const item = new Item(1, file, refusal);
  const upload = new FakeUpload(file);
  upload.set(change);
  if (!refusal) item.upload = upload as unknown as typeof item.upload;
  return item;
}

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

describe("the status of an item", () => {
  const file = fileOf(1000);
  const progress = { sent: 400, total: 1000, fraction: 0.4, speed: 200, secondsLeft: 3 };
  const error = (code: string, detail = "") => new ValetKeyError(code, detail);

  test("says why the element refused it", () => {
    expect(itemStatus(itemOf(file, {}, { key: "tooLarge", limit: 500 }), en)).toBe(
      "Too large: at most 500 bytes",
    );
  });

  test("counts bytes, and says the speed once it is known", () => {
    const sending = { state: "sending" as const, progress };
    expect(itemStatus(itemOf(file, sending), en)).toMatch(/^400 bytes of 1 kB · 200 .* · 3 sec left$/);
    const unknown = { ...sending, progress: { ...progress, secondsLeft: null } };
    expect(itemStatus(itemOf(file, unknown), en)).toBe("400 bytes of 1 kB");
  });

  test("tells a wait from the second failed attempt on, with what is left of it", () => {
    const waiting = (attempt: number, until: number) => ({
      state: "sending" as const,
      progress,
      waiting: { reason: "retry" as const, attempt, until },
    });
    expect(itemStatus(itemOf(file, waiting(1, 1_005_000)), en)).toMatch(/^400 bytes/);
    expect(itemStatus(itemOf(file, waiting(2, 1_005_000)), en)).toBe("No response. Retrying in 5 sec");
    expect(itemStatus(itemOf(file, waiting(2, 1_000_000)), en)).toBe("No response. Retrying automatically");
    const offline = { state: "sending" as const, waiting: { reason: "offline" as const, attempt: 0 } };
    expect(itemStatus(itemOf(file, offline), en)).toBe("No network. Resumes automatically");
  });

  test("tells a look for the file from a look into it", () => {
    const confirming = { state: "confirming" as const, progress };
    expect(itemStatus(itemOf(file, confirming), en)).toBe("Checking that it arrived");
    const stored = { ...confirming, upload: { id: "u1", state: "stored" } as UploadBody };
    expect(itemStatus(itemOf(file, stored), en)).toBe("Arrived, and being checked");
  });

  test("translates the errors that users can act on, and quotes the others", () => {
    const failed = (code: string, detail?: string) =>
      itemStatus(itemOf(file, { state: "failed", error: error(code, detail) }), en);
    expect(failed("storage_unreachable")).toBe("The storage could not be reached");
    expect(failed("quota_exceeded", "No more today.")).toBe("Failed: No more today.");
    const empty = itemOf(fileOf(0), { state: "failed", error: error("size_out_of_range") });
    expect(itemStatus(empty, en)).toBe("The file is empty");
    const ended = new LoggedOut("unauthenticated", "Nobody is logged in.", { status: 401 });
    expect(itemStatus(itemOf(file, { state: "failed", error: ended }), en)).toBe(
      "You are logged out. Log in in another window, then retry",
    );
    const noImage = itemOf(fileOf(0), { state: "rejected", error: error("content_mismatch") });
    expect(itemStatus(noImage, en)).toBe("The file is empty");
  });
});

test("the status of an interrupted upload says how much S3 has, and whether its file is needed", () => {
  const one = new InterruptedItem(recordOf("u1", 1000), 400);
  expect(interruptedStatus(one, en)).toBe(
    "400 bytes of 1 kB uploaded\u00A0· Choose the file again to resume",
  );
  expect(interruptedStatus(new InterruptedItem(recordOf("u1", 1000), 1000), en)).toBe("All 1 kB uploaded");
  one.trouble = "notDiscarded";
  expect(interruptedStatus(one, en)).toBe("Not discarded: the service is unavailable. Try again");
});

test("the summary counts files, failures and the time that is left", () => {
  const progress = { sent: 400, total: 1000, fraction: 0.4, speed: 200, secondsLeft: 3 };
  const items = [
    itemOf(fileOf(1000), { state: "sending", progress }),
    itemOf(fileOf(10), { state: "failed", error: new ValetKeyError("x", "") }),
  ];
  expect(summaryText(totalsOf(items), en)).toBe("0 of 2 files uploaded · 1 not uploaded · 3 sec left");
});

describe("announcements", () => {
  test("are gathered: one file by its name, several by their number", () => {
    const said: string[] = [];
    const announcements = new Announcements(
      () => en,
      (text) => said.push(text),
    );
    announcements.add("saidAdded", "a.png");
    announcements.add("saidFailed", "b.png", () => "Too large");
    vi.advanceTimersByTime(1400);
    announcements.add("saidAdded", "c.png");
    expect(said).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(said).toEqual(["2 files were added. b.png: Too large."]);
    vi.advanceTimersByTime(10_000);
    expect(said.length).toBe(1);
  });

  test("say once that nothing responds, each time that it begins", () => {
    const said: string[] = [];
    const announcements = new Announcements(
      () => en,
      (text) => said.push(text),
    );
    for (const waiting of [true, true, false, true, true]) {
      announcements.setWaiting(waiting);
      vi.advanceTimersByTime(2000);
    }
    expect(said).toEqual(Array(2).fill("No response. Uploading resumes automatically."));
  });
});
