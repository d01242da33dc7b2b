// Bundles the library into dist/: index.js, and beside it what is loaded only when it is needed.
import { rm } from "node:fs/promises";
import { build } from "esbuild";

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: ["src/index.ts", "src/react.ts", "src/file-types.ts", "src/sha256.worker.ts"],
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
