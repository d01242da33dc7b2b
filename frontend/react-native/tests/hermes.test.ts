// What a phone runs is Hermes, which has other globals than Node.
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterEach, expect, it, vi } from "vitest";
import { bytesOf, PART, until, world, written } from "./world";

const on = world();
const BUNDLE = fileURLToPath(new URL("../dist/index.js", import.meta.url));
const EXTERNAL = ["expo-file-system", "react", "@react-native-async-storage/async-storage"];

/** What the bundle takes from its surroundings: these are there; those after them are asked for with care. */
const GIVEN = [
  "Promise",
  "URL",
  "atob",
  "btoa",
  "clearInterval",
  "clearTimeout",
  "fetch",
  "performance",
  "setInterval",
  "setTimeout",
];
const OPTIONAL = ["FormData", "Worker", "XMLHttpRequest", "indexedDB"]; // never reached, or in a `try`
const METRO = ["module", "require"];

const SYSTEMS: Partial<Record<NodeJS.Platform, string>> = {
  linux: "linux64-bin",
  darwin: "osx-bin",
  win32: "win64-bin",
};

it("compiles, and takes nothing from its surroundings that is not there", () => {
  const folder = mkdtempSync(join(tmpdir(), "valetkey-hermes-"));
  const [bundle, compiled] = [join(folder, "bundle.js"), join(folder, "bundle.hbc")];
  buildSync({ entryPoints: [BUNDLE], bundle: true, format: "cjs", outfile: bundle, external: EXTERNAL });
  const compiler = dirname(createRequire(import.meta.url).resolve("hermes-compiler/package.json"));
  const hermesc = join(compiler, "hermesc", SYSTEMS[process.platform] ?? "", "hermesc");
  const done = spawnSync(hermesc, ["-emit-binary", "-out", compiled, bundle], {
    encoding: "utf8",
  });
  expect(done.error).toBeUndefined();
  expect(done.status, done.stderr).toBe(0);
  const taken = [...done.stderr.matchAll(/the variable "(\w+)" was not declared/g)].map(([, name]) => name);
  expect([...new Set(taken)].sort()).toEqual([...GIVEN, ...OPTIONAL, ...METRO].sort());
});

afterEach(() => vi.unstubAllGlobals());

/** As React Native has it: a signal without a reason. */
class PlainAbortController {
  readonly signal = Object.assign(new EventTarget(), { aborted: false });
  abort() {
    this.signal.aborted = true;
    this.signal.dispatchEvent(new Event("abort"));
  }
}

it("needs no Blob, File, FormData, crypto or reasons of signals of its surroundings", async () => {
  const { fetch, AbortController } = globalThis;
  const fetchHere = (url: string, { signal, ...init }: RequestInit) => {
    const controller = new AbortController();
    signal?.addEventListener("abort", () => controller.abort());
    return fetch(url, { ...init, signal: controller.signal });
  };
  for (const name of ["Blob", "File", "FormData", "crypto", "navigator", "AbortSignal", "Worker"])
    vi.stubGlobal(name, undefined);
  vi.stubGlobal("AbortController", PlainAbortController);
  vi.stubGlobal("fetch", fetchHere);
  vi.stubGlobal("location", { origin: "http://localhost:8081", href: "http://localhost:8081/" }); // Expo's, while developing
  vi.resetModules();
  const { createUploader } = await import("../dist/index.js");
  const started = () =>
    createUploader({ endpoint: on.service.url, connections: 1, partsFrom: 5 * PART, retry: { delay: 5 } });
  on.s3.fault = () => ({ delay: 30 });
  const bytes = bytesOf(600_000);
  on.service.partSize = 100_000;
  const upload = started().upload(written(bytes));
  await until(() => on.s3.log.length >= 2);
  upload.pause();
  expect(upload.state).toBe("paused");
  const [resumed] = await started().resumeAll();
  expect((await resumed?.done)?.state).toBe("confirmed");
  expect(on.s3.objects.get(on.service.only().upload.id)).toEqual(bytes);
  const form = started().upload(written(bytesOf(50), "b.jpg"), { method: "post" });
  expect((await form.done).state).toBe("confirmed");
  const aborted = started().upload(written(bytesOf(6000), "c.jpg"));
  await aborted.abort();
  await expect(aborted.done).rejects.toMatchObject({ code: "aborted" });
});
