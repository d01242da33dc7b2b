import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { NativeUploader } from "../dist/index.js";
import { contentPath } from "./stand-ins/expo-file-system";
import { bytesOf, offered, PART, until, world } from "./world";

const on = world();
const SIZE = 7 * PART;
const METHODS = ["put", "post", "multipart"] as const;

/** Sends three parts of it, then the app is ended. */
async function endedHalfWay(app: NativeUploader, uri: string): Promise<void> {
  on.s3.fault = ({ query }) => (Number(query.get("partNumber")) > 3 ? { delay: 600 } : undefined);
  const upload = app.upload(uri);
  await until(() => on.s3.count("PUT", /./) > 3);
  upload.pause();
  on.s3.fault = () => undefined;
  on.s3.log.length = 0;
}

it.each(METHODS)("a file without a date is sent by %s", async (method) => {
  const bytes = bytesOf(SIZE);
  const { id } = await on.started().upload(offered(bytes), { method }).done;
  expect(on.s3.objects.get(id)).toEqual(bytes);
});

it.each(["put", "multipart"] as const)("another size ends it while it is sent by %s", async (method) => {
  const uri = offered(bytesOf(SIZE));
  on.s3.fault = () => ({ delay: 100 });
  const upload = on.started({ connections: 1 }).upload(uri, { method });
  await until(() => on.s3.log.length > 0);
  appendFileSync(contentPath(uri), "more");
  await expect(upload.done).rejects.toMatchObject({ code: "file_changed" });
  await until(() => on.service.only().upload.state === "aborted");
});

it.each(["the app is started", "it is picked again"])(
  "goes on after the app was ended, when %s",
  async (when) => {
    const bytes = bytesOf(SIZE);
    const uri = offered(bytes);
    await endedHalfWay(on.started({ connections: 1 }), uri);
    const app = on.started();
    const [upload] = when === "it is picked again" ? [app.upload(uri)] : await app.resumeAll();
    const { id } = (await upload?.done) ?? {};
    expect(on.service.only().upload.id).toBe(id);
    expect(on.s3.objects.get(id ?? "")).toEqual(bytes);
    expect(on.s3.log.map(({ query }) => query.get("partNumber"))).not.toContain("1");
  },
);

it("no parts of what it was before are joined with what it is now", async () => {
  const uri = offered(bytesOf(SIZE));
  await endedHalfWay(on.started({ connections: 1 }), uri);
  const other = bytesOf(SIZE, 17);
  writeFileSync(contentPath(uri), other);
  await on.started().upload(uri).done;
  expect([...on.s3.objects.values()]).toEqual([other]);
});

it("is left out once the permission to read it has ended with the app", async () => {
  const uri = offered(bytesOf(SIZE));
  await endedHalfWay(on.started({ connections: 1 }), uri);
  rmSync(contentPath(uri));
  expect(await on.started().resumeAll()).toEqual([]);
  expect(await on.started().listInterrupted()).toHaveLength(1);
});
