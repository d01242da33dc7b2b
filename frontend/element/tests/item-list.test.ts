import { ValetKeyError } from "@valetkey/client";
import { beforeEach, describe, expect, test } from "vitest";
import { isOffered } from "../src/state/bulk-actions";
import type { Item } from "../src/state/item";
import { ItemList } from "../src/state/item-list";
import { totalsOf } from "../src/state/totals";
import { visibleItems } from "../src/state/visible-items";
import { FakeUploader, fileOf, recordOf } from "./fake";

let service: FakeUploader;
let changed: Item[];
let removed: number;
let list: ItemList;

beforeEach(() => {
  service = new FakeUploader();
  changed = [];
  removed = 0;
  list = new ItemList(
    (item) => changed.push(item),
    () => removed++,
  );
});

const notLarge = (file: File) => (file.size > 100 ? { key: "tooLarge" as const, limit: 100 } : null);

const add = (...files: File[]) =>
  list.add(files, notLarge, () => ({ metadata: { a: "b" } }), service.uploader);

describe("a file that is added", () => {
  test("is uploaded at once, unless it is refused", () => {
    const [good, large] = add(fileOf(10), fileOf(200));
    expect(service.started.map(({ file }) => file.size)).toEqual([10]);
    expect([good?.state, large?.state]).toEqual(["queued", "refused"]);
    expect([good?.failed, large?.failed, large?.retryable]).toEqual([false, true, false]);
    expect(changed).toEqual([good, large]);
  });

  test("reports each change of its upload, until it is removed", () => {
    const [item] = add(fileOf(10));
    changed = [];
    service.started[0]?.set({ state: "sending" });
    expect([changed, item?.state, item?.moving]).toEqual([[item], "sending", true]);
    list.remove(item as Item);
    service.started[0]?.set({ state: "confirming" });
    expect([changed.length, removed, list.size]).toEqual([1, 1, 0]);
  });

  test("is aborted when it is removed while it runs, and not when it is confirmed", () => {
    const [running, done] = add(fileOf(10), fileOf(20));
    service.started[1]?.set({ state: "confirmed", upload: service.started[1].known("u1") });
    expect([running?.confirmedId, done?.confirmedId]).toEqual([null, "u1"]);
    for (const item of list.items) list.remove(item);
    expect(service.started.map(({ calls }) => calls)).toEqual([["abort"], []]);
  });
});

describe("a file that waits for the rules of its profile", () => {
  const wait = (...files: File[]) =>
    list.add(
      files,
      () => null,
      () => ({}),
      null,
    );

  test("is in the list at once, and uploaded when it starts, unless it is refused then", () => {
    const items = wait(fileOf(10), fileOf(200), fileOf(20)) as [Item, Item, Item];
    expect(items.map(({ state, open }) => [state, open])).toEqual(Array(3).fill(["queued", true]));
    expect(service.started).toEqual([]);
    list.start(items, notLarge, service.uploader);
    expect(service.started.map(({ file }) => file.size)).toEqual([10, 20]);
    expect(items.map(({ state }) => state)).toEqual(["queued", "refused", "queued"]);
    expect(changed).toEqual([...items, ...items]);
    service.started[1]?.set({ state: "sending" });
    expect(items[2].state).toBe("sending");
  });

  test("is never uploaded once it is removed or cancelled", () => {
    const items = wait(fileOf(10), fileOf(20), fileOf(30)) as [Item, Item, Item];
    list.remove(items[0]);
    list.applyToAll("cancelAll", service.uploader);
    list.start(items, notLarge, service.uploader);
    expect([list.size, service.started.length, removed]).toEqual([0, 0, 3]);
  });
});

describe("a retry", () => {
  const failed = (code: string, status?: number) => ({
    state: "failed" as const,
    error: new ValetKeyError(code, "", status === undefined ? {} : { status }),
  });

  test("starts a failed upload again, with the options that it had; the old one is not followed any more", () => {
    const [item] = add(fileOf(10)) as [Item];
    service.started[0]?.set(failed("storage_unreachable"));
    list.retry(item, service.uploader);
    expect(service.started.length).toBe(2);
    expect([item.state, item.options]).toEqual(["queued", { metadata: { a: "b" } }]);
    changed = [];
    service.started[0]?.set({ state: "sending" });
    expect(changed).toEqual([]);
  });

  test.each([
    ["size_out_of_range", 422],
    ["file_changed", undefined],
  ])("is not offered after %s", (code, status) => {
    const [item] = add(fileOf(10)) as [Item];
    service.started[0]?.set(failed(code, status));
    list.retry(item, service.uploader);
    expect([item.retryable, service.started.length]).toEqual([false, 1]);
  });

  test("is not offered for an upload that was resumed without its file: there is nothing to send", () => {
    const upload = service.upload(fileOf(0));
    const item = list.addInterrupted(upload, recordOf("u1"));
    service.started[0]?.set({
      ...failed("storage_unreachable"),
      progress: { ...upload.snapshot.progress, total: 1000 },
    });
    expect([item.size, item.retryable, item.uploadId]).toEqual([1000, false, "u1"]);
  });
});

test("a bulk action reaches each upload", () => {
  add(fileOf(10), fileOf(20));
  for (const action of ["pauseAll", "resumeAll", "cancelAll"] as const)
    list.applyToAll(action, service.uploader);
  expect(service.started.map(({ calls }) => calls)).toEqual(Array(2).fill(["pause", "resume", "abort"]));
  list.applyToAll("clear", service.uploader);
  expect(list.size).toBe(0);
});

test("what failed is removed at once: what was refused, too, and nothing else", () => {
  add(fileOf(100), fileOf(50), fileOf(30), fileOf(20), fileOf(200));
  const [sending, confirmed, failed, rejected] = service.started;
  sending?.set({ state: "sending" });
  confirmed?.set({ state: "confirmed" });
  failed?.set({ state: "failed" });
  rejected?.set({ state: "rejected" });
  list.applyToAll("removeFailed", service.uploader);
  expect(list.items.map(({ state }) => state)).toEqual(["sending", "confirmed"]);
  expect(removed).toBe(3);
});

test("the totals count states and bytes; what is refused has no bytes to come", () => {
  add(fileOf(100), fileOf(50), fileOf(30), fileOf(200));
  const [sending, paused, confirmed] = service.started;
  const progress = (sent: number, total: number) => ({
    sent,
    total,
    fraction: 0,
    speed: 7,
    secondsLeft: null,
  });
  sending?.set({ state: "sending", progress: progress(40, 100) });
  paused?.set({ state: "paused", progress: progress(10, 50) });
  confirmed?.set({ state: "confirmed", progress: progress(30, 30) });
  const totals = totalsOf(list.items);
  expect(totals).toEqual({
    count: 4,
    confirmed: 1,
    failed: 1,
    moving: 1,
    paused: 1,
    retryable: 0,
    total: 180,
    sent: 80,
    speed: 7,
  });
  const offered = ["pauseAll", "resumeAll", "retryAll", "removeFailed", "cancelAll", "clear"] as const;
  expect(offered.filter((action) => isOffered(action, totals))).toEqual([
    "pauseAll",
    "removeFailed",
    "cancelAll",
  ]);
  const idle = { ...totals, moving: 0, paused: 0 };
  expect(offered.filter((action) => isOffered(action, idle))).toEqual(["removeFailed", "clear"]);
});

test("of a long list the first hundred that are not confirmed are visible, and the focused one, in their order", () => {
  const items = add(...Array.from({ length: 150 }, () => fileOf(1)));
  for (const upload of service.started.slice(0, 20)) upload.set({ state: "confirmed" });
  expect(visibleItems(items.slice(0, 100), undefined)).toEqual(items.slice(0, 100));
  expect(visibleItems(items, undefined)).toEqual(items.slice(20, 120));
  expect(visibleItems(items, items[3])).toEqual([items[3], ...items.slice(20, 119)]);
  for (const upload of service.started.slice(20, 90)) upload.set({ state: "confirmed" });
  expect(visibleItems(items, undefined)).toEqual([...items.slice(0, 40), ...items.slice(90)]);
});
