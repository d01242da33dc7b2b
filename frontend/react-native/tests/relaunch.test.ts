import { renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { device } from "./stand-ins/device";
import { bytesOf, PART, until, world, written } from "./world";

const on = world();
const SIZE = 7 * PART;

/** Sends a few parts of a file; then nothing of the app moves any more, as after its end. */
async function endedHalfWay(uri: string, parts = 3): Promise<void> {
  on.s3.fault = ({ query }) => (Number(query.get("partNumber")) > parts ? { delay: 600 } : undefined);
  const upload = on.started({ connections: 1 }).upload(uri);
  await until(() => on.s3.count("PUT", /./) > parts);
  upload.pause();
  on.s3.fault = () => undefined;
  on.s3.log.length = 0;
}

const storedParts = () => on.s3.parts.get(on.service.only().upload.id)?.size;
const sentNumbers = () => on.s3.log.map(({ query }) => Number(query.get("partNumber")));

it("goes on after the app was ended, without the parts that S3 has", async () => {
  const bytes = bytesOf(SIZE);
  await endedHalfWay(written(bytes));
  expect(storedParts()).toBeGreaterThanOrEqual(3);
  const [upload, ...more] = await on.started().resumeAll();
  expect(more).toEqual([]);
  await upload?.done;
  expect(on.s3.objects.get(on.service.only().upload.id)).toEqual(bytes);
  expect(sentNumbers()).not.toContain(1);
  expect(sentNumbers()).not.toContain(3);
  expect(await on.started().resumeAll()).toEqual([]);
});

it("finds its file after iOS has moved the app's folders", async () => {
  const bytes = bytesOf(SIZE);
  await endedHalfWay(written(bytes));
  const elsewhere = join(tmpdir(), `valetkey-device-moved-${Date.now()}`);
  renameSync(device.root, elsewhere);
  device.root = elsewhere;
  const [upload] = await on.started().resumeAll();
  await upload?.done;
  expect(on.s3.objects.get(on.service.only().upload.id)).toEqual(bytes);
});

it("does not join parts of another file, though its name, size and date are the same", async () => {
  const uri = written(bytesOf(SIZE));
  await endedHalfWay(uri);
  const other = bytesOf(SIZE, 17);
  written(other);
  expect(await on.started().resumeAll()).toEqual([]);
  await on.started().upload(uri).done;
  expect([...on.s3.objects.values()]).toEqual([other]);
});

it("finds a single other byte in a part that S3 has, by a digest that the system computes", async () => {
  on.service.partSize = 200_000;
  const bytes = bytesOf(1_000_000);
  await endedHalfWay(written(bytes), 2);
  bytes[100_000] = (bytes[100_000] ?? 0) ^ 1; // between the pieces that a fingerprint is taken of
  written(bytes);
  const [upload] = await on.started().resumeAll();
  await expect(upload?.done).rejects.toMatchObject({ code: "file_mismatch" });
});

it("completes what S3 has in full, though its file is gone by now", async () => {
  const uri = written(bytesOf(SIZE));
  on.service.fault = ({ path }) => (path.endsWith("/complete") ? { delay: 600 } : undefined);
  const upload = on.started().upload(uri);
  await until(() => upload.state === "confirming");
  upload.pause();
  on.service.fault = () => undefined;
  rmSync(fileURLToPath(uri));
  const [resumed] = await on.started().resumeAll();
  expect((await resumed?.done)?.state).toBe("confirmed");
});

it.each(["one request", "parts"])("begins anew what has expired, in %s", async (how) => {
  const bytes = bytesOf(how === "parts" ? SIZE : 300);
  const uri = written(bytes);
  if (how === "parts") await endedHalfWay(uri);
  else {
    on.s3.fault = () => ({ delay: 600 });
    const upload = on.started().upload(uri);
    await until(() => on.s3.log.length > 0);
    upload.pause();
    on.s3.fault = () => undefined;
  }
  const expired = on.service.only();
  expired.upload.state = "expired";
  const [upload, ...more] = await on.started().resumeAll();
  expect(more).toEqual([]);
  const { id } = (await upload?.done) ?? {};
  expect(id).not.toBe(expired.upload.id);
  expect(on.s3.objects.get(id ?? "")).toEqual(bytes);
  expect(await on.started().listInterrupted()).toEqual([]);
});

it.each(["rejected", "aborted", "deleted"] as const)(
  "does not send again what was %s meanwhile",
  async (state) => {
    await endedHalfWay(written(bytesOf(SIZE)));
    on.service.only().upload.state = state;
    expect(await on.started().resumeAll()).toEqual([]);
    expect(on.service.uploads.size).toBe(1);
    expect(on.s3.log).toEqual([]);
    expect(await on.started().listInterrupted()).toEqual([]);
  },
);

it("leaves out an upload that the service does not know any more", async () => {
  await endedHalfWay(written(bytesOf(SIZE)));
  on.service.uploads.clear();
  expect(await on.started().resumeAll()).toEqual([]);
  expect(on.service.uploads.size).toBe(0);
  expect(await on.started().listInterrupted()).toEqual([]);
});

it("keeps an upload where somebody else answers in the place of the service", async () => {
  await endedHalfWay(written(bytesOf(SIZE)));
  const { id } = on.service.only().upload;
  on.service.fault = () => ({ status: 404, body: "default backend - 404" });
  const [upload] = await on.started().resumeAll();
  await expect(upload?.done).rejects.toMatchObject({ code: "unexpected_answer", status: 404 });
  on.service.fault = () => undefined;
  const [again] = await on.started().resumeAll();
  expect((await again?.done)?.id).toBe(id);
  expect(sentNumbers()).not.toContain(1);
});

it("leaves out an upload whose file is gone", async () => {
  const uri = written(bytesOf(SIZE));
  await endedHalfWay(uri);
  rmSync(fileURLToPath(uri));
  expect(await on.started().resumeAll()).toEqual([]);
  expect(await on.started().listInterrupted()).toHaveLength(1);
});
