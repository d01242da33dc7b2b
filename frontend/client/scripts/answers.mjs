// Writes src/storage/store-answers.ts, what a store's answers to a browser mean, from the list that the whole project decides by:
// service/valetkey/reference/store_answers.json. With --check it only compares.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const TARGET = fileURLToPath(new URL("../src/storage/store-answers.ts", import.meta.url));
const LIST = new URL("../../../service/valetkey/reference/store_answers.json", import.meta.url);
const OPERATIONS = ["post", "put", "part"];
const AS = { placement: "refused", unsupported: "refused", missing: "refused", changed: "refused" };

const { statuses, codes } = JSON.parse(await readFile(LIST, "utf8"));
const of = (means) =>
  OPERATIONS.map((name) => (typeof means === "string" ? means : (means[name] ?? means["*"]))).map(
    (one) => AS[one] ?? one,
  );
const short = ([first, ...more]) => (more.every((one) => one === first) ? first : [first, ...more].join(" "));

function rows(name, comment, entries) {
  const groups = new Map();
  for (const [key, means] of entries) {
    const group = short(of(means));
    groups.set(group, [...(groups.get(group) ?? []), key]);
  }
  const lines = [...groups].sort().map(([means, keys]) => `  ["${means}", "${keys.join(" ")}"],`);
  return `/** ${comment} */\nexport const ${name}: ReadonlyArray<readonly [means: string, keys: string]> = [\n${lines.join("\n")}\n];\n`;
}

const text = [
  "// Generated from service/valetkey/reference/store_answers.json by `npm run answers`. Do not edit.\n",
  rows(
    "CODES",
    "What each code means; where that differs, to a form, to a PUT and to a part.",
    Object.entries(codes).map(([code, { means }]) => [code, means]),
  ),
  rows("STATUSES", "What a status means by itself.", Object.entries(statuses)),
].join("\n");

if (!process.argv.includes("--check")) {
  await writeFile(TARGET, text);
} else if (text !== (await readFile(TARGET, "utf8"))) {
  console.error(
    "src/storage/store-answers.ts is not what store_answers.json says: run `npm run answers --workspace client`",
  );
  process.exit(1);
}
