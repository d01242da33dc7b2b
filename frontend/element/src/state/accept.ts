import { extensionsOf, typeOf } from "@valetkey/client/file-types";

type Named = { readonly name: string; readonly type: string };

const UNKNOWN = "application/octet-stream"; // what an upload of such a file is granted as
const EXCEL = "application/vnd.ms-excel"; // what Windows calls a table of text, too

/**
 * Whether `accept`, as `<input accept>` writes it (".pdf, image/*, video/mp4"), lets a file pass; an empty one lets all.
 * A file without a type (Chromium and Firefox give HEIC none, and Windows few) has the one that its name tells.
 */
export function accepts(accept: string, file: Named): boolean {
  const wanted = accept
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter(Boolean);
  const name = file.name.toLowerCase();
  const isMatch = (word: string) => (word.startsWith(".") ? name.endsWith(word) : covers([word], file));
  return wanted.length === 0 || wanted.some(isMatch);
}

/** Whether a file may be of one of `types`, as a profile lists them ("image/*", "application/pdf", "*\/*"): the service decides. */
export function covers(types: readonly string[], file: Named): boolean {
  const kinds = kindsOf(file);
  return types.some((one) => {
    const range = one.toLowerCase();
    const isIn = (kind: string) =>
      range === kind || (range.endsWith("/*") && kind.startsWith(range.slice(0, -1)));
    return range === "*/*" || kinds.some(isIn);
  });
}

/** What the browser says, and what the name tells where that is another name of it, or says nothing. */
function kindsOf({ name, type }: Named): string[] {
  const said = type.toLowerCase().split(";")[0]?.trim() ?? "";
  const told = typeOf(name);
  const mayBeBoth = extensionsOf(said).length === 0 || (said === EXCEL && told === "text/csv");
  return told && mayBeBoth ? [said, told] : [said || UNKNOWN];
}

/**
 * What the browser's dialogue is told to offer: `accept`, else the types of the profile, with their extensions, as systems know few
 * types. An empty text where any file will do.
 */
export function offered(accept: string, types: readonly string[] = []): string {
  if (accept || types.includes("*/*")) return accept;
  return types.flatMap((type) => [type, ...extensionsOf(type.toLowerCase())]).join(",");
}
