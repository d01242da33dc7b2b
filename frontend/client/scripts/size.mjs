// Prints what a page pays for the client, and fails above the limit. What is imported only on demand is not counted.
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const LIMIT = 12 * 1024; // bytes, gzipped
const bundle = await readFile("dist/index.js");
const size = gzipSync(bundle, { level: 9 }).length;
console.log(`dist/index.js: ${size} of ${LIMIT} bytes gzipped (${bundle.length} plain)`);
if (/(^|[;\n}])import\s*["'{*]/.test(bundle.toString()))
  throw new Error("index.js has static imports that are not counted");
if (size > LIMIT) process.exit(1);
