// Bundles the adapter and the client into dist/index.js, as Hermes takes it: no import.meta, no import on demand, no worker, and
// src/globals.ts in the place of what Hermes lacks. The client comes from its sources, since its own bundle is for browsers.
import { rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const HASH = here("../src/hash.ts");
const DIGESTS = here("../../client/src/digests");

/** The client's digests are computed by src/hash.ts, which falls back on the client's own. */
const nativeDigests = {
  name: "native-digests",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/hash$/ }, ({ path, importer }) =>
      dirname(importer) === DIGESTS && resolve(DIGESTS, path) === `${DIGESTS}/hash` ? { path: HASH } : null,
    ),
};

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: ["src/index.ts"],
  outfile: "dist/index.js",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  legalComments: "inline",
  logLevel: "warning",
  external: ["expo-file-system", "@react-native-async-storage/async-storage", "react"],
  alias: {
    "@valetkey/client/react": here("../../client/src/react.ts"),
    "@valetkey/client": here("../../client/src/index.ts"),
  },
  define: { "import.meta.url": '""', "globalThis.location": "undefined" },
  inject: ["src/globals.ts"],
  plugins: [nativeDigests],
});
