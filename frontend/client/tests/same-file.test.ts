import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { compareObject } from "../src/digests/compare";
import { bytesOf, fileOf, interrupted, world } from "./world";

const on = world();

const SIZE = 10_000;

/** The same name, size, type and time; one byte differs. */
async function other(file: File, at: number): Promise<File> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return new File([bytes], file.name, { type: file.type, lastModified: file.lastModified });
}

/** As with SSE-KMS: it looks like an MD5, and is none. */
const opaque = (body: Buffer) => `"${createHash("sha1").update(body).digest("hex").slice(0, 32)}"`;
const strange = (body: Buffer) => `"${createHash("sha1").update(body).digest("hex")}-x"`;

/** It is small: its sample would be all of it. What is known of its four parts is known by then. */
async function withoutSamples(): Promise<void> {
  const known = async () => Object.keys((await on.records.list())[0]?.digests ?? {}).length;
  while (on.s3.isOpaque && (await known()) < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const { fingerprint: _, ...record } of await on.records.list()) await on.records.put(record);
}

describe.each([
  ["MD5s", undefined],
  ["of a store that encrypts", opaque],
  ["of another kind", strange],
])("with ETags that are %s", (_, etagOf) => {
  test.each([0, 3500, 9999])("another file (byte %i) is begun anew, and the old upload ended", async (at) => {
    if (etagOf) Object.assign(on.s3, { etagOf, isOpaque: true });
    const file = fileOf(SIZE);
    await interrupted(on.service.url, on.records, file, 4);
    await withoutSamples();
    const before = on.service.only();
    const changed = await other(file, at);
    const confirmed = await on.uploader().upload(changed).done;
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(changed))).toBe(true);
    const differs = at < 4000; // in a part that is there
    expect([confirmed.id !== before.upload.id, before.upload.state]).toEqual(
      differs ? [true, "aborted"] : [false, "confirmed"],
    );
    expect(await on.records.list()).toEqual([]);
  });

  test("the same file goes on", async () => {
    if (etagOf) Object.assign(on.s3, { etagOf, isOpaque: true });
    const file = fileOf(SIZE);
    await interrupted(on.service.url, on.records, file, 4);
    await withoutSamples();
    const confirmed = await on.uploader().upload(file).done;
    expect(confirmed.id).toBe(on.service.only().upload.id);
    expect(on.s3.log.length).toBe(10);
  });

  test("a file that is picked again and is another one is refused, and the upload is kept", async () => {
    if (etagOf) Object.assign(on.s3, { etagOf, isOpaque: true });
    const file = fileOf(SIZE);
    await interrupted(on.service.url, on.records, file, 4);
    const uploader = on.uploader();
    const changed = await other(file, 100);
    const [record] = await uploader.listInterrupted();
    if (!record) throw new Error("nothing was interrupted");
    await expect(uploader.resume(record, changed)).rejects.toMatchObject({ code: "file_mismatch" });
    await withoutSamples();
    const [bare] = await uploader.listInterrupted();
    const upload = await uploader.resume(bare ?? record, changed);
    await expect(upload.done).rejects.toMatchObject({ code: "file_mismatch" });
    expect(await uploader.listInterrupted()).toHaveLength(1);
    expect(on.service.only().upload.state).toBe("pending");
    expect((await (await uploader.resume(bare ?? record, file)).done).id).toBe(record.id);
  });
});

test("a handle whose file has other bytes by now is no help", async () => {
  const file = fileOf(SIZE);
  await interrupted(on.service.url, on.records, file, 4);
  const [record] = await on.records.list();
  const changed = await other(file, 100);
  const handle = { getFile: async () => changed } as FileSystemFileHandle;
  if (!record) throw new Error("nothing was kept");
  await expect(on.uploader().resume({ ...record, handle })).rejects.toMatchObject({ code: "file_mismatch" });
});

test("of a group each file is looked at", async () => {
  const files = [fileOf(SIZE, "a.bin"), fileOf(SIZE, "b.bin")] as const;
  for (const file of files) await interrupted(on.service.url, on.records, file, 4);
  const changed = await other(files[0], 50);
  const group = on.uploader().uploadAll([changed, files[1]]);
  await group.done;
  const [first, second] = group.uploads.map(({ snapshot }) => snapshot.upload?.id ?? "");
  expect(on.s3.objects.get(first ?? "")?.equals(await bytesOf(changed))).toBe(true);
  expect(on.s3.objects.get(second ?? "")?.equals(await bytesOf(files[1]))).toBe(true);
  expect([...on.service.uploads.values()].map(({ upload }) => upload.state).sort()).toEqual([
    "aborted",
    "confirmed",
    "confirmed",
  ]);
});

describe.each([false, true])("one request (by PUT: %s)", (putOnly) => {
  test.each([
    ["small", 1000],
    ["larger than its sample", 700_000],
  ])("whose bytes arrived is confirmed for its own file only: a %s one", async (_, size) => {
    on.service.multipartFrom = 10_000_000;
    on.service.putOnly = putOnly;
    const file = fileOf(size);
    on.service.fault = ({ path }) => (path.endsWith("/complete") ? { delay: 60_000 } : undefined);
    on.uploader().upload(file);
    while (on.s3.objects.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    on.service.fault = () => undefined;
    const before = on.service.only();
    const changed = await other(file, Math.floor(size / 3));
    const confirmed = await on.uploader().upload(changed).done;
    expect(confirmed.id).not.toBe(before.upload.id);
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(changed))).toBe(true);
  });
});

/** Where everything is in memory, Node's own hashes do. */
const digests = (blobs: Blob[], algorithm: string) =>
  Promise.all(
    blobs.map(async (blob) =>
      createHash(algorithm)
        .update(Buffer.from(await blob.arrayBuffer()))
        .digest("base64"),
    ),
  );

test("an object that came in parts and was copied since, as what is checked is, is known by the MD5 of its whole", async () => {
  const file = fileOf(SIZE);
  const md5 = createHash("md5")
    .update(await bytesOf(file))
    .digest("hex");
  const kept = { partSize: 1000 };
  expect(await compareObject(file, md5, kept, digests)).toBe(true);
  expect(await compareObject(await other(file, 9999), md5, kept, digests)).toBe(null);
});

test("a part of another file that arrives late is replaced before anything is confirmed", async () => {
  const file = fileOf(SIZE);
  await interrupted(on.service.url, on.records, file, 4);
  await withoutSamples();
  const { id } = on.service.only().upload;
  const changed = await other(file, 9999);
  const late = await bytesOf(fileOf(1000, "other.bin"));
  const upload = on.uploader().upload(changed);
  const parts = () => on.s3.parts.get(id);
  upload.subscribe(() => {
    const last = parts()?.get(10);
    if (last && last.etag !== '"late"' && on.s3.log.length === 10)
      parts()?.set(10, { ...last, body: late, etag: '"late"' });
  });
  await upload.done;
  expect(on.s3.log.length).toBe(11);
  expect(on.s3.objects.get(id)?.equals(await bytesOf(changed))).toBe(true);
});

test("a part of another file that arrives between the comparison and the sending is sent again", async () => {
  const file = fileOf(SIZE);
  await interrupted(on.service.url, on.records, file, 4);
  await withoutSamples();
  const { id } = on.service.only().upload;
  const late = await bytesOf(await other(fileOf(1000), 7));
  const upload = on.uploader().upload(file);
  upload.subscribe(({ state }) => {
    if (state === "sending" && on.s3.log.length === 4)
      on.s3.parts.get(id)?.set(7, { size: 1000, body: late, etag: '"late"' });
  });
  expect((await upload.done).id).toBe(id);
  expect(on.s3.objects.get(id)?.equals(await bytesOf(file))).toBe(true);
});
