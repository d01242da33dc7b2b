// Builds what the service serves at /assets/: client and element as modules for pages that have no bundler. The names
// have a hash of the content; `manifest.json` says which is which, with a digest of each for `integrity`. Beside each
// module is one that keeps its name (`valetkey-element.js`), for pages that cannot know the hash.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { build } from "esbuild";

const target = "../../service/valetkey/api/assets";
const WORKER = "sha256.worker";
const MODULES = {
  "@valetkey/client": "../client/src/index.ts",
  "@valetkey/client/file-types": "../client/src/files/file-types.ts",
  "@valetkey/element": "../element/src/served.ts",
};

const common = {
  outdir: target,
  entryNames: "valetkey-[name]-[hash]",
  chunkNames: "valetkey-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "inline",
  loader: { ".css": "text" },
  logLevel: "warning",
  metafile: true,
};

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const worker = await bundle({ [WORKER]: "../client/src/digests/sha256.worker.ts" });
const modules = await bundle(
  Object.fromEntries(Object.entries(MODULES).map(([specifier, source]) => [nameOf(specifier), source])),
  { alias: MODULES, plugins: [renamed(`${WORKER}.js`, worker.names[WORKER])] },
);
const digests = await integrity();
const stable = await Promise.all(Object.keys(MODULES).map(nameOf).map(lasting));
const manifest = { modules: byModule(), preload: needed(modules.names.element), files: digests, stable };
await writeFile(`${target}/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);

function nameOf(specifier) {
  return specifier.split("/").at(-1);
}

/** Bundles; `names` are those of the files by their entry, `imports` what each file imports at its start. */
async function bundle(entryPoints, options = {}) {
  const { metafile } = await build({ ...common, ...options, entryPoints });
  const names = {};
  const imports = {};
  for (const [path, output] of Object.entries(metafile.outputs)) {
    const name = basename(path);
    const entry = Object.keys(entryPoints).find(
      (key) => output.entryPoint && name.startsWith(`valetkey-${key}-`),
    );
    if (entry) names[entry] = name;
    imports[name] = output.imports
      .filter(({ kind }) => kind === "import-statement")
      .map(({ path }) => basename(path));
  }
  return { names, imports };
}

/** esbuild knows nothing of the worker's address in the code: that is text. */
function renamed(from, to) {
  const setup = ({ onLoad }) =>
    onLoad({ filter: /\/digests\.ts$/ }, async ({ path }) => {
      const contents = (await readFile(path, "utf8")).replace(`"./${from}"`, `"./${to}"`);
      if (!contents.includes(to)) throw new Error(`${path} does not name ${from}`);
      return { contents, loader: "ts" };
    });
  return { name: "renamed", setup };
}

/** The digest of each file, as HTML's `integrity` has it. */
async function integrity() {
  const found = {};
  for (const name of (await readdir(target)).sort()) {
    const digest = createHash("sha384").update(await readFile(`${target}/${name}`));
    found[name] = `sha384-${digest.digest("base64")}`;
  }
  return found;
}

function byModule() {
  return Object.fromEntries(
    Object.keys(MODULES).map((specifier) => [specifier, modules.names[nameOf(specifier)]]),
  );
}

/** Writes the module that is the same as `entry` whatever that is called; its name. */
async function lasting(entry) {
  const name = `valetkey-${entry}.js`;
  await writeFile(`${target}/${name}`, `export * from "./${modules.names[entry]}";\n`);
  return name;
}

/** What `name` imports at its start, and what that imports: a page need not wait for one to hear of the next. */
function needed(name, found = new Set()) {
  for (const next of modules.imports[name])
    if (!found.has(next)) {
      found.add(next);
      needed(next, found);
    }
  return [...found].sort();
}
