import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { type FakeRequest, type FakeResponse, FakeServer } from "../fake/http";

const DIST = new URL("../../dist/", import.meta.url);
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The origin of a page: an empty document, and the built bundle. */
export class PageServer extends FakeServer {
  readonly #files = new Map<string, string>();

  async load(): Promise<void> {
    const names = (await readdir(DIST)).filter((name) => name.endsWith(".js"));
    for (const name of names) this.#files.set(`/${name}`, await readFile(new URL(name, DIST), "utf8"));
  }

  protected override answer({ path }: FakeRequest): FakeResponse {
    const script = this.#files.get(path);
    if (script) return { status: 200, headers: { "Content-Type": "text/javascript" }, body: script };
    return {
      status: path === "/" ? 200 : 404,
      headers: { "Content-Type": "text/html" },
      body: "<!doctype html><title>t</title>",
    };
  }
}

export function launch(): Promise<Browser> {
  const executablePath = CHROMIUM.find(existsSync);
  if (!executablePath) throw new Error("These tests need Chromium: apt-get install chromium");
  const args = ["--no-sandbox", "--disable-dev-shm-usage"]; // root in a container has no sandbox
  return puppeteer.launch({ executablePath, args, headless: true, timeout: 120_000 });
}

/** Opens the page with `client` (the bundle), `uploader(options)` and `fileOf(size)` as globals. */
export async function open(browser: Browser, url: string, endpoint: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(url);
  await prepare(page, endpoint);
  return page;
}

/** The same for a page that was loaded again. */
export async function prepare(page: Page, endpoint: string): Promise<void> {
  await page.evaluate(`(async () => {
    globalThis.client = await import("/index.js");
    globalThis.uploader = (options = {}) =>
      client.createUploader({ endpoint: "${endpoint}", retry: { delay: 50, maxDelay: 200 }, ...options });
    globalThis.fileOf = (size, name = "a.bin") => {
      const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) % 251);
      return new File([bytes], name, { type: "application/x-test", lastModified: 1700000000000 });
    };
    globalThis.outcome = (upload) => upload.done.then(
      (confirmed) => ({ id: confirmed.id, state: confirmed.state }),
      ({ code, detail }) => ({ code, detail }));
  })()`);
}
