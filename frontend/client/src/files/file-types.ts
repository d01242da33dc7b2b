import { EXTENSIONS } from "./extensions";

const ENDING = /[^/\\]\.([a-z0-9]+)$/i;

/**
 * The content type for a file's name, for browsers and systems that give none: by the same table as everywhere else
 * in valetkey. Undefined for an unknown extension.
 */
export function typeOf(name: string): string | undefined {
  const ending = ENDING.exec(name)?.[1]?.toLowerCase();
  for (const kind in EXTENSIONS) {
    for (const word of EXTENSIONS[kind]?.split(" ") ?? []) {
      const [subtype, endings = subtype] = word.split("=");
      if (endings?.split(",").includes(ending ?? "")) return `${kind}/${subtype}`;
    }
  }
  return undefined;
}

/** The extensions of a type, each with its dot; none for a kind of types ("image/*"). */
export function extensionsOf(type: string): string[] {
  const [kind = "", wanted] = type.split("/");
  for (const word of Object.hasOwn(EXTENSIONS, kind) ? (EXTENSIONS[kind]?.split(" ") ?? []) : []) {
    const [subtype, endings = subtype] = word.split("=");
    if (subtype === wanted) return (endings ?? "").split(",").map((ending) => `.${ending}`);
  }
  return [];
}

const PARAMETER = /=[ \t]*("(?:[^"\\]|\\.)*"|[^;]*)/g;
const AS_IT_IS = /^("|[!#$%&'*+.^_`|~\w-]*$)/;
const QUOTABLE = /^([^"\\,]*|[^"\\/]*)$/; // a comma and a slash are two types

/**
 * A media type with quotes around those values that need them: Chromium calls a recording `video/webm;codecs=vp8,opus`, where
 * the comma begins another type. As it is where quotes would hide a second type.
 */
export function withQuotes(type: string): string {
  return type.replace(PARAMETER, (found, given: string) => {
    const value = given.trimEnd();
    return AS_IT_IS.test(value) || !QUOTABLE.test(value) ? found : `="${value}"`;
  });
}
