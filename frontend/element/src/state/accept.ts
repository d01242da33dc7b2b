import { extensionsOf, typeOf } from "@valetkey/client/file-types";

type Named = { readonly name: string; readonly type: string };

const UNKNOWN = "application/octet-stream"; // what an upload of such a file is granted as

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

/** Whether a file is of one of `types`, as a profile lists them ("image/*", "application/pdf", "*\/*"). */
export function covers(types: readonly string[], { name, type }: Named): boolean {
  const kind = (type || typeOf(name) || UNKNOWN).toLowerCase().split(";")[0]?.trim() ?? "";
  return types.some((one) => {
    const range = one.toLowerCase();
    return range === "*/*" || range === kind || (range.endsWith("/*") && kind.startsWith(range.slice(0, -1)));
  });
}

/**
 * What the browser's dialogue is told to offer: `accept`, else the types of the profile, with their extensions, as systems know few
 * types. An empty text where any file will do.
 */
export function offered(accept: string, types: readonly string[] = []): string {
  if (accept || types.includes("*/*")) return accept;
  return types.flatMap((type) => [type, ...extensionsOf(type.toLowerCase())]).join(",");
}
