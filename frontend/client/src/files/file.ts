/** What can be uploaded: a File, or any Blob. */
export type FileLike = Blob & {
  readonly name?: string;
  readonly lastModified?: number;
  readonly webkitRelativePath?: string;
};

/** How a file is recognised after a reload, before its bytes are compared. */
export interface FileFacts {
  name: string;
  /** within a chosen folder, else "" */
  path: string;
  /** bytes */
  size: number;
  /** milliseconds since the epoch */
  lastModified: number;
  type: string;
}

/** What a caller may say about it that the file does not. */
export interface NameAndType {
  filename?: string;
  contentType?: string;
}

const NUL = /\0/g;
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** The facts about a file; its type is "" if only its name can tell it. A Blob has no date, and so never matches an earlier one. */
export function factsOf(file: FileLike, { filename, contentType }: NameAndType = {}): FileFacts {
  const name = (filename ?? file.name ?? "blob").replace(NUL, "").replace(LONE_SURROGATES, "\uFFFD");
  return {
    name,
    path: file.webkitRelativePath ?? "",
    size: file.size,
    lastModified: file.lastModified ?? Date.now(),
    type: contentType || file.type,
  };
}

/**
 * Gives a file without a type the one that its name tells, and the parameters of a type the quotes that they need; only then can it
 * be compared with the records of interrupted uploads. The table is loaded on demand: browsers know most types.
 */
export async function fillType(file: FileFacts): Promise<void> {
  const { type } = file;
  if (type && !type.includes(";")) return;
  const table = await import("./file-types").catch(() => null);
  file.type =
    (type ? table?.withQuotes(type) : table?.typeOf(file.name)) || type || "application/octet-stream";
}
