import { describe, expect, it } from "vitest";
import { UploadRejected } from "../dist/index.js";
import { File, tasks } from "./stand-ins/expo-file-system";
import { bytesOf, leftovers, PART, until, world, written } from "./world";

const on = world();

describe("a file in one request", () => {
  it("is sent by PUT, as it is, with the headers of its grant", async () => {
    const bytes = bytesOf(300);
    const uri = written(bytes);
    const upload = on.started().upload(uri, { metadata: { album: "2026" } });
    expect((await upload.done).state).toBe("confirmed");
    const { id } = on.service.only().upload;
    expect(on.s3.objects.get(id)).toEqual(bytes);
    const [task, ...more] = tasks;
    expect(more).toEqual([]);
    expect(task?.size).toBe(300);
    expect(task?.options).toMatchObject({ httpMethod: "PUT", uploadType: 0, sessionType: "background" });
    expect(task?.options.headers).toEqual({ "Content-Type": "video/mp4", "If-None-Match": "*" }); // the length is the system's
    expect(on.service.log[0]?.headers["idempotency-key"]).toBeTruthy();
  });

  it("reports progress, and a rejection with its reason", async () => {
    on.service.reject = { code: "type_mismatch", detail: "It is no film." };
    const seen: number[] = [];
    const upload = on.started().upload(new File(written(bytesOf(300))) as never, {
      onProgress: ({ fraction }) => seen.push(fraction),
    });
    await expect(upload.done).rejects.toMatchObject({ name: "UploadRejected", code: "type_mismatch" });
    expect(upload.snapshot.error).toBeInstanceOf(UploadRejected);
    expect(seen.at(-1)).toBe(1);
  });

  it("is sent again after a lost connection, with a fresh grant after a dead one", async () => {
    const bytes = bytesOf(300);
    let lost = 0;
    on.s3.fault = () => (lost++ === 0 ? { cut: "before" } : undefined);
    const upload = on.started().upload(written(bytes));
    upload.subscribe(({ grant }) => grant && lost === 1 && on.service.expireAll());
    await upload.done;
    expect(on.s3.objects.get(on.service.only().upload.id)).toEqual(bytes);
    expect(tasks.length).toBeGreaterThan(1);
  });

  it("goes as a form that is written to a file, without its own name, where a form is asked for", async () => {
    const bytes = bytesOf(300);
    const uri = written(bytes, '"; name="key.mp4');
    const upload = on.started().upload(uri, { method: "post" });
    await upload.done;
    const { id } = on.service.only().upload;
    expect(on.s3.objects.get(id)).toEqual(bytes);
    const [sent] = on.s3.log;
    expect(sent?.method).toBe("POST");
    expect(sent?.body.toString("latin1")).not.toContain("key.mp4");
    expect(Number(sent?.headers["content-length"])).toBe(sent?.body.length);
    expect(leftovers()).toEqual([]);
  });
});

describe("a large file", () => {
  it("goes in parts, each as a file of its own while it is sent", async () => {
    const bytes = bytesOf(7 * PART + 5);
    const upload = on.started({ connections: 3 }).upload(written(bytes));
    await upload.done;
    expect(on.s3.objects.get(on.service.only().upload.id)).toEqual(bytes);
    expect(tasks.map(({ size }) => size).sort((a, b) => a - b)).toEqual([5, ...Array(7).fill(PART)]);
    expect(leftovers()).toEqual([]);
  });

  it("can be paused and resumed", async () => {
    on.s3.fault = () => ({ delay: 30 });
    const upload = on.started({ connections: 1 }).upload(written(bytesOf(7 * PART)));
    await until(() => on.s3.log.length >= 2);
    upload.pause();
    expect(upload.state).toBe("paused");
    on.s3.fault = () => undefined;
    upload.resume();
    await upload.done;
    expect(on.s3.count("PUT", /./)).toBeLessThanOrEqual(8); // one of them was under way
  });
});

it("sends many, named by URI or with options of their own", async () => {
  const [one, two] = [written(bytesOf(10), "a.txt"), written(bytesOf(20), "b.jpg")];
  const group = on.started().uploadAll([one, { file: two, metadata: { album: "x" } }]);
  const ends = await group.done;
  expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  const uploads = [...on.service.uploads.values()].map(({ upload }) => upload);
  expect(uploads.map(({ content_type, metadata }) => [content_type, metadata])).toEqual([
    ["text/plain", {}],
    ["image/jpeg", { album: "x" }],
  ]);
});
