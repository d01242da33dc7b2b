/** Pages around the client: their frames, their scripts, their servers, and what they do to what they share with it. */
import { IDBFactory } from "fake-indexeddb";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createUploader, IndexedDBRecords, type Upload } from "../src/index";
import { bodyOf, DEFAULT_TIMING } from "../src/storage/transport";
import { bytesOf, fileOf, world } from "./world";

const on = world();

afterEach(() => vi.unstubAllGlobals());

test("files of another frame are uploaded: they are no instances of this frame's classes", async () => {
  const files = [fileOf(300, "a"), fileOf(400, "b")];
  vi.stubGlobal("Blob", class Blob extends globalThis.Blob {});
  const results = await on.uploader().uploadAll([files[0] as File, { file: files[1] as File }]).done;
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
});

test("a script that extends every object adds no field to a form, which S3 would refuse", async () => {
  Object.defineProperty(Object.prototype, "extended", {
    value: "yes",
    enumerable: true,
    configurable: true,
    writable: true,
  });
  try {
    const request = {
      method: "POST" as const,
      url: on.s3.url,
      headers: {},
      body: new Blob(["x"]),
      fields: { key: "k" },
      signal: new AbortController().signal,
      timing: DEFAULT_TIMING,
      onProgress: () => {},
    };
    expect([...(bodyOf(request) as FormData).keys()]).toEqual(["key", "file"]);
  } finally {
    Reflect.deleteProperty(Object.prototype, "extended");
  }
});

test("a module that creates an uploader for a path may be loaded on a server, where there is no page", () => {
  expect(globalThis.location).toBeUndefined();
  expect(() => createUploader({ endpoint: "/uploads" })).not.toThrow();
});

describe("a frame without an address of its own", () => {
  test.each(["about:srcdoc", "about:blank"])("(%s) takes the path from its document", async (href) => {
    vi.stubGlobal("location", { href, origin: "null" });
    vi.stubGlobal("document", { baseURI: `${on.service.url}/page/` });
    const uploader = createUploader({ endpoint: "/", records: null });
    expect((await uploader.upload(fileOf(10)).done).state).toBe("confirmed");
  });
});

describe("the page's IndexedDB", () => {
  test("can be deleted while it is in use, and is made anew", async () => {
    vi.stubGlobal("indexedDB", new IDBFactory());
    const records = new IndexedDBRecords();
    const upload = on.uploader({ records }).upload(fileOf(10));
    await upload.done;
    const deleted = new Promise((resolve) => {
      const request = indexedDB.deleteDatabase("valetkey");
      request.onsuccess = () => resolve("deleted");
      setTimeout(() => resolve("blocked"), 2000);
    });
    expect(await deleted).toBe("deleted");
    expect(await records.list()).toEqual([]);
  });
});

describe("a listener of the page", () => {
  test("may resume an upload at the moment it is paused", async () => {
    on.s3.fault = () => ({ delay: 20 });
    const upload: Upload = on.uploader().upload(fileOf(5000));
    let pauses = 0;
    upload.subscribe(({ state }) => {
      if (state === "sending" && pauses === 0) upload.pause();
      if (state === "paused") {
        pauses++;
        upload.resume();
      }
    });
    const late = new Promise((resolve) => setTimeout(resolve, 5000, { state: "never" }));
    expect(await Promise.race([upload.done, late])).toMatchObject({ state: "confirmed" });
    expect(pauses).toBeGreaterThan(0);
  });
});

describe("tokens", () => {
  test("are asked for once where several uploads begin at the same time, also when one is refused", async () => {
    let asked = 0;
    const token = async () => {
      const name = `ticket-${++asked}`;
      await new Promise((resolve) => setTimeout(resolve, 30));
      return name;
    };
    on.service.fault = ({ headers }) =>
      headers.authorization === "Bearer ticket-1" ? { status: 401, body: {} } : undefined;
    const uploader = on.uploader({ token });
    const uploads = ["a", "b", "c", "d"].map((name) => uploader.upload(fileOf(100, name)).done);
    expect((await Promise.all(uploads)).map(({ state }) => state)).toEqual(Array(4).fill("confirmed"));
    expect(asked).toBe(2);
  });

  test("that one upload waited for are there for the next if it is aborted", async () => {
    let give: (token: string) => void = () => {};
    const token = vi.fn(
      () =>
        new Promise<string>((resolve) => {
          give = resolve;
        }),
    );
    const uploader = on.uploader({ token });
    const first = uploader.upload(fileOf(100, "a"));
    const second = uploader.upload(fileOf(100, "b"));
    while (token.mock.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await first.abort();
    give("ticket");
    const confirmed = await second.done;
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(fileOf(100, "b")))).toBe(true);
    expect(token).toHaveBeenCalledTimes(1);
  });
});
