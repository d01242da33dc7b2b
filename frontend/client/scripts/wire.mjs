// Writes src/model/openapi.ts, the types of the wire, from what `valetkey openapi` prints. With --check it only compares.
// VALETKEY names the command where it is neither in the repository's .venv nor on the PATH.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const TARGET = fileURLToPath(new URL("../src/model/openapi.ts", import.meta.url));
const LOCAL = fileURLToPath(new URL("../../../.venv/bin/valetkey", import.meta.url));
const command = process.env.VALETKEY ?? (existsSync(LOCAL) ? LOCAL : "valetkey");

const document = JSON.parse(execFileSync(command, ["openapi"], { encoding: "utf8" }));
const header = "// Generated from the service's OpenAPI document by `npm run wire`. Do not edit.\n\n";
const types = header + astToString(await openapiTS(document, { defaultNonNullable: false }));

if (!process.argv.includes("--check")) {
  await writeFile(TARGET, types);
} else if (types !== (await readFile(TARGET, "utf8"))) {
  console.error(
    "src/model/openapi.ts is not what `valetkey openapi` says: run `npm run wire --workspace client`",
  );
  process.exit(1);
}
