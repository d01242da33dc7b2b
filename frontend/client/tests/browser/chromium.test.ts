import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, ElementHandle, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bytesOf, fileOf, world } from "../world";
import { launch, open, PageServer, prepare } from "./page";

const on = world();
const site = new PageServer();
let browser: Browser;
let page: Page;

beforeAll(async () => {
  await site.load();
  await site.start();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await site.stop();
});
beforeEach(async () => {
  page = await open(browser, site.url, on.service.url);
});
afterEach(() => page.close());

type Outcome = { id: string; state: string; code: string; detail: string };
const run = (script: string) => page.evaluate(`(async () => { ${script} })()`) as Promise<never>;

describe("in Chromium, from another origin than the service's and the storage's", () => {
  test("a file goes by POST, with progress on the way", async () => {
    const slow = { upload: 4_000_000, download: -1, latency: 0 }; // bytes per second
    await page.emulateNetworkConditions(slow);
    const { id, seen } = (await run(`
      const seen = [];
      const upload = uploader().upload(fileOf(4_000_000), { method: "post", onProgress: ({ sent }) => seen.push(sent) });
      const { id } = await outcome(upload);
      return { id, seen };
    `)) as Outcome & { seen: number[] };
    expect(on.s3.objects.get(id)?.equals(await bytesOf(fileOf(4_000_000)))).toBe(true);
    expect(seen.at(-1)).toBe(4_000_000);
    expect(seen.length).toBeGreaterThan(1);
  });

  test("a file goes by PUT, with the headers that a page may set", async () => {
    on.service.putOnly = true;
    const { id } = (await run("return outcome(uploader().upload(fileOf(3000)))")) as Outcome;
    expect(on.s3.objects.get(id)?.equals(await bytesOf(fileOf(3000)))).toBe(true);
    expect(on.s3.log[0]?.headers).toMatchObject({
      "content-type": "application/x-test",
      "content-length": "3000",
    });
  });

  test("a large file goes in parts over connections that break", async () => {
    on.service.partSize = 100_000;
    let parts = 0;
    on.s3.fault = () => (++parts % 3 === 0 ? { cut: "before", afterBytes: 50_000 } : undefined);
    const { id } = (await run("return outcome(uploader().upload(fileOf(1_500_000)))")) as Outcome;
    expect(on.s3.objects.get(id)?.equals(await bytesOf(fileOf(1_500_000)))).toBe(true);
    expect(on.service.uploads.size).toBe(1);
  });

  test("a page that is loaded again in the middle sends only what is missing", async () => {
    on.service.partSize = 100_000;
    on.s3.fault = ({ method }) =>
      method === "PUT" && on.s3.log.length >= 4 ? { delay: 600_000 } : undefined;
    await run("uploader({ connections: 1 }).upload(fileOf(1_000_000))");
    while (on.s3.log.length < 5) await new Promise((resolve) => setTimeout(resolve, 10));
    on.s3.fault = () => undefined;
    await page.reload();
    await prepare(page, on.service.url);
    const before = on.s3.log.length;
    const { id, listed, left } = (await run(`
      const listed = await uploader().listInterrupted();
      const { id } = await outcome(uploader().upload(fileOf(1_000_000)));
      return { id, listed, left: await uploader().listInterrupted() };
    `)) as Outcome & { listed: Array<{ id: string }>; left: unknown[] };
    expect(on.s3.objects.get(id)?.equals(await bytesOf(fileOf(1_000_000)))).toBe(true);
    expect(listed.map((record) => record.id)).toEqual([id]);
    expect(on.s3.log.length - before).toBe(6);
    expect(left).toEqual([]);
  });

  test("an upload that another window works on is left alone", async () => {
    on.s3.fault = ({ method }) =>
      method === "PUT" && on.s3.log.length >= 2 ? { delay: 600_000 } : undefined;
    await run("uploader({ connections: 1 }).upload(fileOf(10_000))");
    while (on.s3.log.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    on.s3.fault = () => undefined;
    const other = await open(browser, site.url, on.service.url);
    expect(await other.evaluate("uploader().listInterrupted()")).toEqual([]);
    await other.evaluate("outcome(uploader().upload(fileOf(10_000)))");
    await other.close();
    expect(on.service.uploads.size).toBe(2);
  });

  test("without a network an upload waits, and goes on when there is one", async () => {
    on.service.partSize = 100_000;
    on.s3.fault = () => ({ delay: 20 });
    await run(`
      globalThis.waits = [];
      globalThis.upload = uploader({ connections: 2, retry: { patience: 1 } }).upload(fileOf(3_000_000));
      upload.subscribe(({ waiting }) => waiting && waits.push(waiting.reason));
    `);
    while (on.s3.log.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    await page.setOfflineMode(true);
    await page.waitForFunction("waits.length > 0");
    await page.setOfflineMode(false);
    expect(await run("return outcome(upload)")).toMatchObject({ state: "confirmed" });
    expect(await run("return waits")).toContain("offline");
    expect(on.service.uploads.size).toBe(1);
  });

  test("a hidden ETag is an error that says which header to expose", async () => {
    on.s3.corsHeaders = { ...on.s3.corsHeaders, "Access-Control-Expose-Headers": "x-amz-request-id" };
    const end = (await run("return outcome(uploader().upload(fileOf(8000)))")) as Outcome;
    expect(end.code).toBe("etag_hidden");
    expect(end.detail).toContain('Add "ETag" to the ExposeHeaders');
  });

  test("CORS rules that do not allow the page are told soon, and are the end after a while", async () => {
    on.s3.corsHeaders = {};
    const { first, after, end } = (await run(`
      const upload = uploader().upload(fileOf(100));
      const begun = Date.now();
      const first = await new Promise((resolve) =>
        upload.subscribe(({ waiting }) => waiting?.error.code === "cors_forbidden" && resolve(waiting.error.detail)));
      const after = Date.now() - begun;
      return { first, after, end: await outcome(upload) };
    `)) as { first: string; after: number; end: Outcome };
    expect(first).toContain(`allow the origin ${site.url}, the methods POST and PUT`);
    expect(after).toBeLessThan(45_000); // on a machine that has other things to do
    expect(end.code).toBe("cors_forbidden");
  });

  test("a storage that is away is no CORS problem", async () => {
    await on.s3.stop();
    const end = (await run(
      "return outcome(uploader({ retry: { patience: 500 } }).upload(fileOf(100)))",
    )) as Outcome;
    await on.s3.start();
    expect(end.code).toBe("storage_unreachable");
  });

  test("a file that was removed from the disk is what fails, and not the storage", async () => {
    const folder = await mkdtemp(join(tmpdir(), "valetkey-"));
    const path = join(folder, "film.bin");
    await writeFile(path, Buffer.alloc(300_000, 7));
    await page.evaluate(`document.body.innerHTML = '<input type="file">'`);
    const input = (await page.$("input")) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(path);
    on.service.fault = (asked) => {
      if (asked.path === "/v1/uploads") rmSync(folder, { recursive: true, force: true });
      return undefined;
    };
    const { code } = (await run(
      `return outcome(uploader().upload(document.querySelector("input").files[0]))`,
    )) as Outcome;
    expect(code).toBe("file_changed");
  });

  test("a service worker that answers all requests hides the progress, and ends no upload", async () => {
    const body = `
      addEventListener("install", () => skipWaiting());
      addEventListener("activate", (event) => event.waitUntil(clients.claim()));
      addEventListener("fetch", (event) => event.respondWith(fetch(event.request)));`;
    const headers = { "Content-Type": "text/javascript" };
    site.fault = ({ path }) => (path === "/sw.js" ? { status: 200, headers, body } : undefined);
    await run(`
      const controlled = new Promise((resolve) => (navigator.serviceWorker.oncontrollerchange = resolve));
      await navigator.serviceWorker.register("/sw.js");
      await controlled;
    `);
    on.s3.fault = () => ({ delay: 2500 }); // longer than nothing may move
    const options = "{ timing: { stall: 1000 }, retry: { patience: 10_000 } }";
    const end = await run(`return outcome(uploader(${options}).upload(fileOf(3000)))`);
    await run("for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister()");
    expect(end).toMatchObject({ state: "confirmed" });
    expect(on.s3.log.length).toBe(1);
  });

  test("a digest is taken by a worker, for any size", async () => {
    const { createHash } = await import("node:crypto");
    let workers = 0;
    page.on("workercreated", () => workers++);
    for (const size of [1000, 9_000_000]) {
      await run(`return outcome(uploader().upload(fileOf(${size}), { checksum: "sha256" }))`);
      const upload = [...on.service.uploads.values()].at(-1)?.upload;
      const expected = createHash("sha256")
        .update(await bytesOf(fileOf(size)))
        .digest("base64");
      expect(upload?.checksum?.value).toBe(expected);
    }
    expect(workers).toBe(2);
  });
});
