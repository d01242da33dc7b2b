import "fake-indexeddb/auto";
import { forceCloseDatabase } from "fake-indexeddb";
import { describe, expect, test } from "vitest";
import { createUploader, IndexedDBRecords, type RecordStore } from "../src/index";
import { problem } from "./fake/valetkey";
import { bytesOf, fileOf, interrupted, world } from "./world";

const on = world();

const WISH = { profile: "big", metadata: { b: "2", a: "1" } };

describe("after a reload", () => {
  test("the same file goes on by itself: only missing parts are sent", async () => {
    const file = fileOf(10_000);
    await interrupted(on.service.url, on.records, file, 4, WISH);
    const upload = on.uploader().upload(file, WISH);
    const confirmed = await upload.done;
    expect(on.service.only().upload.id).toBe(confirmed.id);
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(file))).toBe(true);
    expect(on.s3.log.length).toBe(10);
    expect(await on.records.list()).toEqual([]);
  });

  test("an interrupted upload is listed, and goes on when its file is picked", async () => {
    const file = fileOf(10_000);
    await interrupted(on.service.url, on.records, file, 4, WISH);
    const uploader = on.uploader();
    const [record] = await uploader.listInterrupted();
    if (!record) throw new Error("nothing was interrupted");
    expect(record).toMatchObject({
      profile: "big",
      plan: { partSize: 1000, partCount: 10 },
      endpoint: on.service.url,
    });
    expect(record.file).toMatchObject({ name: "a.bin", size: 10_000 });
    await expect(uploader.resume(record)).rejects.toMatchObject({ code: "file_needed" });
    await expect(uploader.resume(record, fileOf(9999))).rejects.toMatchObject({ code: "file_mismatch" });
    const upload = await uploader.resume(record, file);
    expect((await upload.done).id).toBe(record.id);
    expect(await uploader.listInterrupted()).toEqual([]);
  });

  test("its handle is enough, unless the file has changed", async () => {
    const file = fileOf(10_000);
    await interrupted(on.service.url, on.records, file, 4, WISH);
    const [record] = await on.records.list();
    if (!record) throw new Error("nothing was interrupted");
    const handle = (found: File) => ({ getFile: async () => found }) as FileSystemFileHandle;
    const changed = new File([file], "a.bin", { lastModified: 1 });
    const uploader = on.uploader();
    await expect(uploader.resume({ ...record, handle: handle(changed) })).rejects.toMatchObject({
      code: "file_changed",
    });
    expect((await (await uploader.resume({ ...record, handle: handle(file) })).done).id).toBe(record.id);
  });

  test("another file, other words about it, or a caller who does not want it begin a new upload", async () => {
    const file = fileOf(10_000);
    await interrupted(on.service.url, on.records, file, 4, WISH);
    const uploader = on.uploader();
    const others = [
      uploader.upload(fileOf(10_000, "b.bin"), WISH),
      uploader.upload(file, { ...WISH, metadata: {} }),
      uploader.upload(file, { ...WISH, resume: false }),
    ];
    const [record] = await on.records.list();
    for (const { done } of others) expect((await done).id).not.toBe(record?.id);
    expect(await uploader.listInterrupted()).toEqual([record]);
  });

  test("a file that had arrived whole is confirmed without being sent again", async () => {
    const file = fileOf(100);
    on.service.fault = ({ path }) => (path.endsWith("/complete") ? { delay: 60_000 } : undefined);
    on.uploader().upload(file);
    while (on.s3.objects.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    on.service.fault = () => undefined;
    const confirmed = await on.uploader().upload(file).done;
    expect(on.service.only().upload.id).toBe(confirmed.id);
    expect(on.s3.log.length).toBe(1);
  });

  test("parts that were joined, which nobody could be told, are confirmed without being sent again", async () => {
    const file = fileOf(10_000);
    await interrupted(on.service.url, on.records, file, 9, WISH);
    for (const { fingerprint: _, ...record } of await on.records.list()) await on.records.put(record); // as of a larger file
    const { id } = on.service.only().upload;
    on.s3.objects.set(id, await bytesOf(file));
    on.s3.parts.delete(id);
    const confirmed = await on.uploader().upload(file, WISH).done;
    expect([confirmed.id, confirmed.state]).toEqual([id, "confirmed"]);
    expect(on.s3.log.length).toBe(9);
  });

  test.each(["aborted", "expired", "deleted"] as const)(
    "an upload that is %s meanwhile is begun anew",
    async (state) => {
      const file = fileOf(10_000);
      await interrupted(on.service.url, on.records, file, 4, WISH);
      const kept = on.service.only();
      kept.upload = { ...kept.upload, state };
      const confirmed = await on.uploader().upload(file, WISH).done;
      expect(confirmed.id).not.toBe(kept.upload.id);
      expect(await on.records.list()).toEqual([]);
    },
  );

  test("an upload that the service has forgotten is begun anew", async () => {
    const file = fileOf(10_000);
    await interrupted(on.service.url, on.records, file, 4, WISH);
    on.service.uploads.clear();
    expect((await on.uploader().upload(file, WISH).done).state).toBe("confirmed");
    expect(await on.records.list()).toEqual([]);
  });

  test("one that was given up is told to the service and forgotten", async () => {
    await interrupted(on.service.url, on.records, fileOf(10_000), 2, WISH);
    const uploader = on.uploader();
    const [record] = await uploader.listInterrupted();
    if (record) await uploader.discard(record);
    expect(on.service.only().upload.state).toBe("aborted");
    expect(await uploader.listInterrupted()).toEqual([]);
  });

  test("one that nobody went on with for a week is forgotten", async () => {
    await interrupted(on.service.url, on.records, fileOf(10_000), 2, WISH);
    const [record] = await on.records.list();
    if (record) await on.records.put({ ...record, createdAt: Date.now() - 8 * 86_400_000 });
    expect(await on.uploader().listInterrupted()).toEqual([]);
    expect(await on.records.list()).toEqual([]);
  });

  test("one that cannot be given up, since the service is away, is kept", async () => {
    await interrupted(on.service.url, on.records, fileOf(10_000), 2, WISH);
    const [record] = await on.records.list();
    if (!record) throw new Error("nothing was kept");
    on.service.fault = () => ({ status: 503 });
    await expect(on.uploader().discard(record)).rejects.toMatchObject({
      code: "unexpected_answer",
      status: 503,
    });
    expect(await on.records.list()).toHaveLength(1);
    on.service.fault = () => problem(404, "upload_not_found");
    await on.uploader().discard(record);
    expect(await on.records.list()).toEqual([]);
  });

  test("the same file twice at once is two uploads", async () => {
    const uploader = on.uploader();
    const file = fileOf(10_000);
    const [one, two] = await Promise.all([uploader.upload(file).done, uploader.upload(file).done]);
    expect(one.id).not.toBe(two.id);
  });

  test("an upload that failed goes on when it is tried again", async () => {
    on.s3.fault = () => (on.s3.log.length >= 3 ? { status: 500 } : undefined);
    const file = fileOf(6000);
    const uploader = on.uploader({ connections: 1, retry: { patience: 50 } });
    await expect(uploader.upload(file).done).rejects.toMatchObject({ code: "storage_unavailable" });
    on.s3.fault = () => undefined;
    const before = on.s3.log.length;
    expect((await uploader.upload(file).done).id).toBe(on.service.only().upload.id);
    expect(on.s3.log.length - before).toBe(3);
  });
});

describe("where records are kept", () => {
  test("IndexedDB keeps them, replaces them, and forgets them", async () => {
    const store = new IndexedDBRecords("test");
    const file = fileOf(10_000);
    await interrupted(on.service.url, store, file, 2, WISH);
    const again = new IndexedDBRecords("test");
    const [record] = await again.list();
    if (!record) throw new Error("nothing was kept");
    await again.put({ ...record, ticket: "other" });
    expect(await store.list()).toEqual([{ ...record, ticket: "other" }]);
    await store.remove(record.id);
    expect(await again.list()).toEqual([]);
  });

  test("IndexedDB is what an uploader uses by itself", async () => {
    const file = fileOf(10_000, "by-itself");
    const options = { endpoint: on.service.url };
    await interrupted(on.service.url, new IndexedDBRecords(), file, 2, WISH);
    expect(await new IndexedDBRecords().list()).toHaveLength(1);
    await createUploader(options).upload(file, WISH).done;
    expect(await new IndexedDBRecords().list()).toEqual([]);
  });

  // reported: jakearchibald/idb-keyval pull request 175, localForage/localForage 887
  test("IndexedDB is opened anew once the system has closed it", async () => {
    const opened: IDBDatabase[] = [];
    const { open } = IDBFactory.prototype;
    IDBFactory.prototype.open = function (...asked) {
      const request = open.apply(this, asked);
      request.addEventListener("success", () => opened.push(request.result));
      return request;
    };
    try {
      const store = new IndexedDBRecords("closed");
      await interrupted(on.service.url, store, fileOf(10_000), 2, WISH);
      for (const database of opened) forceCloseDatabase(database as never);
      await store.list().catch(() => {}); // whoever meets it first
      expect(await store.list()).toHaveLength(1);
    } finally {
      IDBFactory.prototype.open = open;
    }
  });

  test("a storage that is denied hinders no upload", async () => {
    const denied = () => Promise.reject(new Error("denied"));
    const records: RecordStore = { list: denied, put: denied, remove: denied };
    const uploader = on.uploader({ records });
    expect((await uploader.upload(fileOf(6000)).done).state).toBe("confirmed");
    expect(await uploader.listInterrupted()).toEqual([]);
  });
});
