import { describe, expect, test } from "vitest";
import { problem } from "./fake/valetkey";
import { fileOf, interrupted, world } from "./world";

const on = world();

const files = (count: number) =>
  Array.from({ length: count }, (_, index) => new File([`file ${index}`], `${index}.txt`));
const batches = () => on.service.count("POST", /\/batch$/);

describe("several files", () => {
  test("are created by one call, and confirmed in their order", async () => {
    const group = on.uploader().uploadAll(files(7), { profile: "docs" });
    const results = await group.done;
    const names = results.map((result) => (result.status === "fulfilled" ? result.value.filename : "failed"));
    expect(names).toEqual(files(7).map(({ name }) => name));
    expect(batches()).toBe(1);
    expect(on.service.count("POST", /^\/v1\/uploads$/)).toBe(0);
    expect(group.snapshot).toMatchObject({ count: 7, ended: 7, failed: 0, progress: { fraction: 1 } });
  });

  test("may each say something of their own, and one that is refused hinders no other", async () => {
    const group = on
      .uploader()
      .uploadAll(
        [
          fileOf(10),
          { file: fileOf(10, "b"), profile: "nosuch" },
          { file: fileOf(10, "c"), metadata: { n: "3" } },
        ],
        {
          metadata: { n: "0" },
        },
      );
    const [first, second, third] = await group.done;
    expect(first).toMatchObject({ status: "fulfilled", value: { metadata: { n: "0" } } });
    expect(second).toMatchObject({ status: "rejected", reason: { code: "unknown_profile" } });
    expect(third).toMatchObject({ status: "fulfilled", value: { metadata: { n: "3" } } });
    expect(group.snapshot).toMatchObject({ ended: 3, failed: 1 });
  });

  test("need no batch when there is only one, or when each has its digest", async () => {
    await on.uploader().uploadAll(files(1)).done;
    await on.uploader().uploadAll(files(3), { checksum: "sha256" }).done;
    expect(batches()).toBe(0);
    expect(on.service.count("POST", /^\/v1\/uploads$/)).toBe(4);
  });

  test("large and small, go their own ways", async () => {
    const group = on.uploader().uploadAll([fileOf(8000, "large"), fileOf(10, "small")]);
    const results = await group.done;
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  });

  test("ask for a batch again that failed, with all its files", async () => {
    let asked = 0;
    on.service.fault = ({ path }) => {
      if (!path.endsWith("/batch")) return undefined;
      return asked++ < 2 ? problem(503, "ledger_unavailable") : undefined;
    };
    const results = await on.uploader().uploadAll(files(50)).done;
    expect(results.every(({ status }) => status === "fulfilled")).toBe(true);
    expect(on.service.uploads.size).toBe(50);
    expect(asked).toBe(3);
  });

  test("go into as many calls as their names need", async () => {
    const named = files(60).map((file, index) => new File([file], `${"名".repeat(3000)}${index}`));
    const results = await on.uploader().uploadAll(named).done;
    expect(results.every(({ status }) => status === "fulfilled")).toBe(true);
    expect(batches()).toBe(3);
  });

  test("go on after a reload, and only the others are created", async () => {
    const large = [fileOf(8000, "a"), fileOf(8000, "b")];
    await interrupted(on.service.url, on.records, large[0] as File, 3);
    await on.uploader().uploadAll(large).done;
    expect(on.service.uploads.size).toBe(2);
    expect(on.s3.log.length).toBe(16);
  });

  test("are paused, resumed and aborted together", async () => {
    on.s3.fault = () => ({ delay: 10 });
    const group = on.uploader({ connections: 2 }).uploadAll(files(20));
    while (group.snapshot.ended < 4) await new Promise((resolve) => group.subscribe(resolve));
    group.pause();
    const settle = () => new Promise((resolve) => setTimeout(resolve, 300)); // what was on its way may still arrive
    await settle();
    const before = on.s3.log.length;
    await settle();
    expect(on.s3.log.length).toBe(before);
    group.resume();
    while (group.snapshot.ended < 8) await new Promise((resolve) => group.subscribe(resolve));
    await group.abort();
    const results = await group.done;
    const ends = results.map((result) => (result.status === "fulfilled" ? "confirmed" : result.reason.code));
    expect(new Set(ends)).toEqual(new Set(["confirmed", "aborted"]));
  });

  test("ten thousand at once: few open requests, few records, grants for the next hundred only", async () => {
    const group = on.uploader().uploadAll(files(10_000));
    let records = 0;
    while (group.snapshot.ended < 250) {
      await new Promise((resolve) => group.subscribe(resolve));
      records = Math.max(records, (await on.records.list()).length);
    }
    group.pause();
    expect(on.service.uploads.size).toBeLessThanOrEqual(group.snapshot.ended + 200);
    expect(on.s3.mostInFlight).toBeLessThanOrEqual(6);
    expect(on.service.mostInFlight).toBeLessThanOrEqual(60);
    expect(records).toBeLessThanOrEqual(60);
    const before = Date.now();
    await group.abort();
    const results = await group.done;
    expect(Date.now() - before).toBeLessThan(60_000);
    expect(results).toHaveLength(10_000);
    expect(results.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(250);
    expect(await on.records.list()).toEqual([]);
  });
});
