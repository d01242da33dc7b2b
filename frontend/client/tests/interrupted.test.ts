import { describe, expect, test } from "vitest";
import type { UploadRecord } from "../src/index";
import { bytesOf, fileOf, interrupted, world } from "./world";

const on = world();

/** Leaves an upload of 10,000 bytes with so many of its ten parts at S3. */
async function leave(parts: number, name = "a.bin"): Promise<UploadRecord> {
  await interrupted(on.service.url, on.records, fileOf(10_000, name), parts);
  const found = (await on.records.list()).find(({ file }) => file.name === name);
  if (!found) throw new Error("nothing was kept");
  return found;
}

describe("what an earlier page left", () => {
  test("is told with the bytes that S3 has", async () => {
    const record = await leave(4);
    expect(await on.uploader().inspectInterrupted()).toEqual([{ record, stored: 4000 }]);
  });

  test("a file that goes in one request has nothing there before it has all", async () => {
    on.service.multipartFrom = 20_000;
    const record = await leave(0);
    expect(await on.uploader().inspectInterrupted()).toEqual([{ record, stored: 0 }]);
  });

  test("is not that of another service, nor what a page works on", async () => {
    await leave(4);
    const elsewhere = on.uploader({ endpoint: `${on.service.url}/elsewhere` });
    expect(await elsewhere.inspectInterrupted()).toEqual([]);
    const uploader = on.uploader();
    on.s3.fault = () => ({ delay: 60_000 });
    const upload = uploader.upload(fileOf(10_000));
    while (upload.state !== "sending") await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await uploader.inspectInterrupted()).toEqual([]);
    upload.pause();
    expect(await uploader.inspectInterrupted()).toEqual([]);
  });

  test.each(["aborted", "expired", "deleted", "rejected"] as const)(
    "is forgotten when it is %s",
    async (state) => {
      await leave(4);
      const kept = on.service.only();
      kept.upload = { ...kept.upload, state };
      expect(await on.uploader().inspectInterrupted()).toEqual([]);
      expect(await on.records.list()).toEqual([]);
    },
  );

  test("is forgotten when the service knows nothing of it", async () => {
    await leave(4);
    on.service.uploads.clear();
    expect(await on.uploader().inspectInterrupted()).toEqual([]);
    expect(await on.records.list()).toEqual([]);
  });

  test("is told without a number while the service is away, and kept", async () => {
    const [record] = [await leave(4), await leave(2, "b.bin")];
    on.service.fault = () => ({ status: 503 });
    const uploader = on.uploader();
    expect((await uploader.inspectInterrupted()).map(({ stored }) => stored)).toEqual([null, null]);
    await on.service.stop();
    expect((await uploader.inspectInterrupted())[0]).toEqual({ record, stored: null });
    expect(await on.records.list()).toHaveLength(2);
  });
});

describe("what S3 has in full", () => {
  test("goes on without its file: parts that nobody joined", async () => {
    const file = fileOf(10_000);
    on.service.fault = ({ path }) => (path.endsWith("/complete") ? { delay: 60_000 } : undefined);
    on.uploader().upload(file);
    while (on.service.count("POST", /complete/) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    on.service.fault = () => undefined;
    const uploader = on.uploader();
    const [left] = await uploader.inspectInterrupted();
    expect(left?.stored).toBe(10_000);
    const upload = await uploader.resume(left?.record as UploadRecord);
    const { id } = await upload.done;
    expect(upload.snapshot.progress.total).toBe(10_000);
    expect(on.s3.objects.get(id)?.equals(await bytesOf(file))).toBe(true);
    expect(on.s3.log.length).toBe(10);
    expect(await on.records.list()).toEqual([]);
  });

  test("goes on without its file: what somebody else had confirmed", async () => {
    const record = await leave(4);
    const kept = on.service.only();
    kept.upload = { ...kept.upload, state: "confirmed" };
    const uploader = on.uploader();
    expect(await uploader.inspectInterrupted()).toEqual([{ record, stored: 10_000 }]);
    expect((await (await uploader.resume(record)).done).id).toBe(record.id);
    expect(await on.records.list()).toEqual([]);
  });
});

test("an upload that this page works on cannot be discarded", async () => {
  const uploader = on.uploader();
  on.s3.fault = () => ({ delay: 60_000 });
  const upload = uploader.upload(fileOf(10_000));
  while (upload.state !== "sending") await new Promise((resolve) => setTimeout(resolve, 5));
  const [record] = await on.records.list();
  await expect(uploader.discard(record as UploadRecord)).rejects.toMatchObject({ code: "state_conflict" });
  expect(on.service.only().upload.state).toBe("pending");
  upload.pause();
});

describe("an interrupted upload goes on", () => {
  test("once: whoever comes second is told that it is under way", async () => {
    const record = await leave(4);
    const [one, other] = [on.uploader(), on.uploader()];
    const upload = await one.resume(record, fileOf(10_000));
    await expect(one.resume(record, fileOf(10_000))).rejects.toMatchObject({ code: "state_conflict" });
    expect(await one.inspectInterrupted()).toEqual([]);
    expect((await upload.done).id).toBe(record.id);
    expect(await other.inspectInterrupted()).toEqual([]);
  });

  test("again, when it was ended before its turn came, or failed", async () => {
    const record = await leave(4);
    const uploader = on.uploader({ retry: { patience: 50 } });
    const upload = await uploader.resume(record, fileOf(10_000));
    await upload.abort();
    expect((await uploader.listInterrupted()).map(({ id }) => id)).toEqual([record.id]);
    on.s3.fault = () => ({ status: 500 });
    const failing = await uploader.resume(record, fileOf(10_000));
    await expect(failing.done).rejects.toMatchObject({ code: "storage_unavailable" });
    on.s3.fault = () => undefined;
    expect((await (await uploader.resume(record, fileOf(10_000))).done).id).toBe(record.id);
  });
});
