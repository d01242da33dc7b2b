// Writes the table of types by extension, from the package mime-db, for the browser (src/files/extensions.ts) and for Python
// (service/valetkey/reference/extensions.py): one table for every client. With --check it only compares.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import db from "mime-db";

// What people upload: a page pays for each of them.
const WANTED = `
  avif bmp gif heic heif ico jfif jp2 jpe jpeg jpg jxl png psd svg tif tiff webp dng
  aac aif aiff caf flac m4a m4b mid midi mka mp3 oga ogg opus wav weba wma amr
  3g2 3gp avi flv m2ts m4v mkv mov mp4 mpeg mpg ogv webm wmv
  pdf rtf ai eps ps epub mobi doc docx docm dotx xls xlsx xlsm xlsb ppt pptx pptm ppsx vsdx odt ods odp odg msg pages numbers key
  txt log md csv tsv ics vcf vtt srt html htm css js mjs json xml yaml yml toml sql ipynb eml
  geojson gpx kml kmz stl step stp 3mf obj gltf glb dxf dwg
  zip gz tar 7z rar bz2 xz apk p7m
  otf ttf woff woff2
`;

// What mime-db has no type for, or several: here the one that browsers give, else the registered one.
const CHOSEN = {
  arw: "image/x-sony-arw",
  cr2: "image/x-canon-cr2",
  cr3: "image/x-canon-cr3",
  nef: "image/x-nikon-nef",
  orf: "image/x-olympus-orf",
  raf: "image/x-fuji-raf",
  rw2: "image/x-panasonic-rw2",
  hif: "image/heif",
  ico: "image/x-icon",
  jfif: "image/jpeg",
  flac: "audio/flac",
  mp3: "audio/mpeg",
  wav: "audio/wav",
  m4a: "audio/mp4",
  m4b: "audio/mp4",
  "3ga": "audio/3gpp",
  "3gp": "video/3gpp",
  mp4: "video/mp4",
  mts: "video/mp2t",
  vcf: "text/vcard",
  js: "text/javascript",
  xml: "text/xml",
  rtf: "application/rtf",
  jsonl: "application/jsonl",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
  sqlite: "application/vnd.sqlite3",
  h5: "application/x-hdf5",
  dcm: "application/dicom",
  stl: "model/stl",
  obj: "model/obj",
  tgz: "application/gzip",
  zst: "application/zstd",
  iso: "application/x-iso9660-image",
};

function typesOf(extension) {
  return Object.entries(db).flatMap(([type, { extensions, source }]) =>
    extensions?.includes(extension) ? [{ type, registered: source === "iana" }] : [],
  );
}

function typeOf(extension) {
  const found = typesOf(extension);
  const registered = found.filter((one) => one.registered);
  const [only, other] = registered.length > 0 ? registered : found;
  if (only === undefined || other !== undefined) throw new Error(`choose a type for .${extension}`);
  return only.type;
}

const extensions = [...new Set([...WANTED.trim().split(/\s+/), ...Object.keys(CHOSEN)])].sort();
const table = new Map(extensions.map((extension) => [extension, CHOSEN[extension] ?? typeOf(extension)]));

/** "png svg+xml=svg": subtypes with their extensions, where these differ from it. */
function packed(kind) {
  const subtypes = new Map();
  for (const [extension, type] of table) {
    const [major, subtype] = type.split("/");
    if (major === kind) subtypes.set(subtype, [...(subtypes.get(subtype) ?? []), extension]);
  }
  const likeBesideLike = [...subtypes].sort(([one], [other]) => (one < other ? -1 : 1)); // it is packed smaller so
  return likeBesideLike
    .map(([subtype, all]) => (all.join() === subtype ? subtype : `${subtype}=${all}`))
    .join(" ");
}

const kinds = [...new Set([...table.values()].map((type) => type.split("/")[0]))].sort();
const browser = `// Generated from mime-db by \`npm run file-types\`. Do not edit.

/** Types by extension: of each kind its subtypes, "svg+xml=svg" where the extensions are others. */
export const EXTENSIONS: Record<string, string> = {
${kinds.map((kind) => `  ${kind}:\n    ${JSON.stringify(packed(kind))},`).join("\n")}
};
`;
const python = `"""Content types by extension. Generated from mime-db by \`npm run file-types\` in frontend/client. Do not edit."""

TYPES = {
${[...table].map(([extension, type]) => `    "${extension}": "${type}",`).join("\n")}
}
`;

for (const [path, text] of [
  ["../src/files/extensions.ts", browser],
  ["../../../service/valetkey/reference/extensions.py", python],
]) {
  const target = fileURLToPath(new URL(path, import.meta.url));
  if (!process.argv.includes("--check")) await writeFile(target, text);
  else if (text !== (await readFile(target, "utf8"))) {
    console.error(`${target} is not what mime-db says: run \`npm run file-types --workspace client\``);
    process.exit(1);
  }
}
