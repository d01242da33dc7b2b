import { EXTENSIONS } from "./extensions";

const ENDING = /[^/\\]\.([a-z0-9]+)$/i;

/**
 * The content type that a file's name tells, for browsers and systems that tell none: by the same table as everywhere else
 * in valetkey. Undefined where the name tells nothing.
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
