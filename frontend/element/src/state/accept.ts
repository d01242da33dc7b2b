import { typeOf } from "@valetkey/client/file-types";

type Named = { readonly name: string; readonly type: string };

/**
 * Whether `accept`, as `<input accept>` writes it (".pdf, image/*, video/mp4"), lets a file pass; an empty one lets all.
 * A file without a type (Chromium and Firefox give HEIC none, and Windows few) has the one that its name tells.
 */
export function accepts(accept: string, { name, type }: Named): boolean {
  const wanted = accept
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter(Boolean);
  const kind = (type || typeOf(name) || "").toLowerCase().split(";")[0]?.trim() ?? "";
  return wanted.length === 0 || wanted.some((word) => matches(word, name.toLowerCase(), kind));
}

function matches(word: string, name: string, kind: string): boolean {
  if (word.startsWith(".")) return name.endsWith(word);
  if (word === "*/*") return true;
  return word.endsWith("/*") ? kind.startsWith(word.slice(0, -1)) : kind === word;
}
