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
