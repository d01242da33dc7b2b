// Bundles the element into dist/: index.js for bundlers, which share @valetkey/client with it; and valet-upload.js with
// everything in it, for a page's <script type="module">.
import { rm } from "node:fs/promises";
import { build } from "esbuild";

const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  loader: { ".css": "text" },
  logLevel: "warning",
};
await rm("dist", { recursive: true, force: true });
await build({
  ...common,
  entryPoints: ["src/index.ts"],
  outfile: "dist/index.js",
  external: ["@valetkey/client"],
});
await build({
  ...common,
  entryPoints: { "valet-upload": "src/index.ts", "sha256.worker": "../client/dist/sha256.worker.js" },
  outdir: "dist",
  splitting: true,
  chunkNames: "valet-upload-[name]-[hash]",
});
