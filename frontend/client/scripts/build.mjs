// Bundles the library into dist/: index.js, and beside it what is loaded only when it is needed.
import { rm } from "node:fs/promises";
import { build } from "esbuild";

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: {
    index: "src/index.ts",
    react: "src/react.ts",
    "file-types": "src/files/file-types.ts",
    "sha256.worker": "src/digests/sha256.worker.ts",
  },
  external: ["react"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  legalComments: "inline",
  logLevel: "warning",
});
