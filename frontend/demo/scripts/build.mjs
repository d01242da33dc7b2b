// Builds the page's script and style into the service's static files, which it serves and its wheel contains.
import { rm } from "node:fs/promises";
import { build } from "esbuild";

const target = "../../service/valetkey/api/static";
await rm(target, { recursive: true, force: true });
await build({
  entryPoints: ["src/demo.ts", "src/demo.css", "src/valet-upload.ts", "../client/dist/sha256.worker.js"],
  entryNames: "[name]",
  outdir: target,
  bundle: true,
  splitting: true,
  chunkNames: "chunk-[hash]",
  format: "esm",
  target: "es2022",
  minify: true,
  logLevel: "warning",
});
