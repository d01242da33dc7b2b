/** The files of a drop or paste, including those in folders, and how many could not be read. */
export interface DroppedFiles {
  files: File[];
  unreadable: number;
}

const HANDLES = 100; // files of one drop: asking for each takes the browser a while

const AT_ONCE = 100; // files of a folder that the browser is asked for: one by one, ten thousand take it ten seconds

const handles = new WeakMap<File, FileSystemFileHandle>();

/** The handle by which a dropped file can be read again after a reload; not all browsers give one. */
export function handleOf(file: File): FileSystemFileHandle | undefined {
  return handles.get(file);
}

/** What TypeScript's DOM types lack. */
interface HandleItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** Reads all files of a drop or a paste. The transfer must be read before anything is awaited, so this begins at once. */
export async function readDroppedFiles(transfer: DataTransfer): Promise<DroppedFiles> {
  const items: HandleItem[] = Array.from(transfer.items).filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = items.map((item) => item.getAsFile());
  const asked = items.length > HANDLES ? [] : items.map(askForHandle);
  const found: DroppedFiles = { files: [], unreadable: 0 };
  for (const [index, entry] of entries.entries()) {
    const file = plain[index];
    if (entry?.isDirectory) await readFolder(entry as FileSystemDirectoryEntry, found);
    else if (file) {
      found.files.push(file);
      const handle = await asked[index];
      if (handle?.kind === "file") handles.set(file, handle as FileSystemFileHandle);
    }
  }
  return found;
}

function askForHandle(item: HandleItem): Promise<FileSystemHandle | null> | undefined {
  return item.getAsFileSystemHandle?.().catch(() => null);
}

async function readFolder(folder: FileSystemDirectoryEntry, found: DroppedFiles): Promise<void> {
  const entries = await readEntries(folder, found);
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    const some = entries.slice(from, from + AT_ONCE);
    const files = await Promise.all(
      some.map((entry) => entry.isFile && readFile(entry as FileSystemFileEntry)),
    );
    for (const file of files) {
      if (file) found.files.push(file);
      else if (file === null) found.unreadable++;
    }
  }
  for (const entry of entries)
    if (entry.isDirectory) await readFolder(entry as FileSystemDirectoryEntry, found);
}

/** Reads all entries of a folder: a reader returns some at a time, and none at the end. */
async function readEntries(
  folder: FileSystemDirectoryEntry,
  found: DroppedFiles,
): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  try {
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
        reader.readEntries(resolve, reject),
      );
      if (some.length === 0) return all;
      all.push(...some);
    }
  } catch {
    found.unreadable++;
    return all;
  }
}

/** Null if it cannot be read. */
async function readFile(entry: FileSystemFileEntry): Promise<File | null> {
  try {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    // as a file has it that was chosen with its folder
    Object.defineProperty(file, "webkitRelativePath", { value: entry.fullPath.replace(/^\//, "") });
    return file;
  } catch {
    return null;
  }
}
