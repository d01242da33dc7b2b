import { openAsBlob } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Upload, UploadState } from "../src/index";
import { bytesOf, fileOf, world } from "./world";

const on = world();

async function until(upload: Upload, state: UploadState, sent = 0): Promise<void> {
  while (upload.state !== state || upload.progress.sent < sent) await settle(1);
}

const settle = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("pause and resume", () => {
  test("stop the requests, and go on with the parts that are missing", async () => {
    const file = fileOf(20_000);
    on.s3.fault = () => ({ delay: 10 });
    const upload = on.uploader({ connections: 2 }).upload(file);
    await until(upload, "sending", 5000);
    upload.pause();
    expect(upload.state).toBe("paused");
    await settle(300); // what was on its way may still arrive
    const before = on.s3.log.length;
    await settle(300);
    expect(on.s3.log.length).toBe(before);
    expect(before).toBeLessThan(20);
    expect(upload.state).toBe("paused");
    upload.resume();
    const confirmed = await upload.done;
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(file))).toBe(true);
    expect(on.s3.log.length).toBeLessThanOrEqual(20 + 2); // at most those that were on their way are sent again
    expect(on.service.uploads.size).toBe(1);
  });

  test("work at any time, and as often as one likes", async () => {
    on.service.looks = 5;
    const upload = on.uploader().upload(fileOf(8000));
    for (let times = 0; times < 30; times++) {
      upload.pause();
      upload.pause();
      upload.resume();
      upload.resume();
      await settle(3);
    }
    expect((await upload.done).state).toBe("confirmed");
    expect(on.service.uploads.size).toBe(1);
    upload.pause();
    expect(upload.state).toBe("confirmed");
  });

  test("give the place in the queue to others meanwhile", async () => {
    on.s3.fault = () => ({ delay: 20 });
    const uploader = on.uploader({ connections: 1 });
    const first = uploader.upload(fileOf(20_000, "first"));
    await until(first, "sending", 1000);
    first.pause();
    expect((await uploader.upload(fileOf(10, "second")).done).filename).toBe("second");
    first.resume();
    expect((await first.done).filename).toBe("first");
  });
});

/** A file of which a browser does not notice that its bytes change: it keeps its size and its date. */
function unnoticed(before: File, after: File): { file: File; change(): void } {
  const file = new File([before], before.name, { type: before.type, lastModified: before.lastModified });
  let now = before;
  Object.defineProperty(file, "slice", { value: (...range: number[]) => now.slice(...range) });
  Object.defineProperty(file, "arrayBuffer", { value: () => now.arrayBuffer() });
  const change = () => {
    now = after;
  };
  return { file, change };
}

describe("a pause", () => {
  test.each(["post", "put"] as const)(
    "after the last byte of a %s sends nothing again that has arrived",
    async (method) => {
      on.service.putOnly = method === "put";
      on.s3.fault = () => ({ delay: 200 });
      const upload = on.uploader().upload(fileOf(900));
      while (on.s3.log.length === 0) await settle(5);
      upload.pause();
      while (on.s3.objects.size === 0) await settle(5);
      upload.resume();
      const confirmed = await upload.done;
      expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(fileOf(900)))).toBe(true);
      expect([on.s3.log.length, on.service.uploads.size]).toEqual([1, 1]);
    },
  );

  test("before anything has arrived sends the file again", async () => {
    on.s3.fault = () => (on.s3.log.length === 0 ? { delay: 600_000 } : undefined);
    const upload = on.uploader().upload(fileOf(900));
    while (on.s3.log.length === 0) await settle(5);
    upload.pause();
    upload.resume();
    expect((await upload.done).state).toBe("confirmed");
    expect([on.s3.log.length, on.service.uploads.size]).toEqual([2, 1]);
  });

  test("in which the file gets other bytes, with the same size and date, ends as file_changed", async () => {
    const other = new File([new Uint8Array(20_000)], "a.bin");
    const { file, change } = unnoticed(fileOf(20_000), other);
    on.s3.fault = () => ({ delay: 10 });
    const upload = on.uploader({ connections: 1 }).upload(file);
    await until(upload, "sending", 5000);
    upload.pause();
    change();
    await settle(100);
    upload.resume();
    await expect(upload.done).rejects.toMatchObject({ code: "file_changed" });
    expect(on.s3.objects.size).toBe(0);
  });
});

describe("abort", () => {
  test("ends the upload here and at the service, and leaves no record", async () => {
    on.s3.fault = () => ({ delay: 20 });
    const upload = on.uploader().upload(fileOf(20_000));
    await until(upload, "sending");
    expect(await on.records.list()).toHaveLength(1);
    await upload.abort();
    await expect(upload.done).rejects.toMatchObject({ code: "aborted" });
    expect(upload.state).toBe("aborted");
    expect(on.service.only().upload.state).toBe("aborted");
    expect(await on.records.list()).toEqual([]);
    await upload.abort();
    expect(on.service.count("DELETE", /./)).toBe(1);
  });

  test("while the upload is being created with others leaves nothing behind", async () => {
    on.service.fault = ({ path }) => (path.endsWith("/batch") ? { delay: 100 } : undefined);
    const group = on.uploader().uploadAll([fileOf(10, "a"), fileOf(10, "b")]);
    const [first, second] = group.uploads;
    while (on.service.log.length === 0) await settle(5);
    await first?.abort();
    await second?.done;
    const states = [...on.service.uploads.values()].map(({ upload }) => [upload.filename, upload.state]);
    expect(states).toEqual([
      ["a", "aborted"],
      ["b", "confirmed"],
    ]);
    expect(await on.records.list()).toEqual([]);
  });

  test("works by the caller's signal, before the start, and while paused", async () => {
    const early = on.uploader().upload(fileOf(10), { signal: AbortSignal.abort() });
    await expect(early.done).rejects.toMatchObject({ code: "aborted" });
    expect(on.service.log).toEqual([]);
    const stop = new AbortController();
    const paused = on.uploader().upload(fileOf(10), { signal: stop.signal });
    paused.pause();
    stop.abort();
    await expect(paused.done).rejects.toMatchObject({ code: "aborted" });
  });

  test("is no unhandled rejection when nobody looks at done", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    await on.uploader().upload(fileOf(10)).abort();
    await settle(20);
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});

describe("a file that changes or vanishes", () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  async function onDisk(bytes: number): Promise<{ path: string; blob: Blob }> {
    const folder = await mkdtemp(join(tmpdir(), "valetkey-"));
    folders.push(folder);
    const path = join(folder, "file");
    await writeFile(path, Buffer.alloc(bytes, 7));
    return { path, blob: await openAsBlob(path) };
  }

  test.each([1000, 9000])("while it is sent (%i bytes) fails as file_changed, at once", async (size) => {
    const { path, blob } = await onDisk(size);
    on.service.fault = ({ path }) => (path === "/v1/uploads" ? { delay: 300 } : undefined);
    on.s3.fault = () => ({ delay: 10 });
    const upload = on.uploader({ connections: 1 }).upload(blob, { filename: "file" });
    await until(upload, "creating");
    await rm(path);
    await expect(upload.done).rejects.toMatchObject({ code: "file_changed", retryable: false });
  });

  test("while its digest is taken fails as file_changed, before anything is asked for", async () => {
    const { path, blob } = await onDisk(1000);
    await writeFile(path, "other bytes");
    const upload = on.uploader().upload(blob, { checksum: "sha256" });
    await expect(upload.done).rejects.toMatchObject({ code: "file_changed" });
    expect(on.service.log).toEqual([]);
  });

  test("in size, so that S3 refuses it, fails as file_changed", async () => {
    on.s3.fault = () => ({ status: 400, body: "<Error><Code>EntityTooLarge</Code></Error>" });
    await expect(on.uploader().upload(fileOf(10)).done).rejects.toMatchObject({ code: "file_changed" });
  });
});
