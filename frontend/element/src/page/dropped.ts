/** What came by a drop: the files, those in folders too, and how many could not be read. */
export interface Dropped {
  files: File[];
  unreadable: number;
}

const HANDLES = 100; // files of one drop: asking for each takes the browser a while

const AT_ONCE = 100; // files of a folder that the browser is asked for: one by one, ten thousand take it ten seconds

const handles = new WeakMap<File, FileSystemFileHandle>();

/** By which a dropped file can be read again after a reload; not all browsers give one. */
export function handleOf(file: File): FileSystemFileHandle | undefined {
  return handles.get(file);
}

/** What TypeScript's DOM does not know yet. */
interface HandingItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** All files of a drop or a paste. The transfer must be looked at before anything is awaited, so this begins at once. */
export async function droppedFiles(transfer: DataTransfer): Promise<Dropped> {
  const items: HandingItem[] = Array.from(transfer.items).filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = items.map((item) => item.getAsFile());
  const asked = items.length > HANDLES ? [] : items.map(askForHandle);
  const found: Dropped = { files: [], unreadable: 0 };
  for (const [index, entry] of entries.entries()) {
    const file = plain[index];
    if (entry?.isDirectory) await walk(entry as FileSystemDirectoryEntry, found);
    else if (file) {
      found.files.push(file);
      const handle = await asked[index];
      if (handle?.kind === "file") handles.set(file, handle as FileSystemFileHandle);
    }
  }
  return found;
}

function askForHandle(item: HandingItem): Promise<FileSystemHandle | null> | undefined {
  return item.getAsFileSystemHandle?.().catch(() => null);
}

async function walk(folder: FileSystemDirectoryEntry, found: Dropped): Promise<void> {
  const entries = await entriesOf(folder, found);
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    const some = entries.slice(from, from + AT_ONCE);
    const files = await Promise.all(some.map((entry) => entry.isFile && read(entry as FileSystemFileEntry)));
    for (const file of files) {
      if (file) found.files.push(file);
      else if (file === null) found.unreadable++;
    }
  }
  for (const entry of entries) if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, found);
}

/** A reader gives some entries at a time, and none when it is at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry, found: Dropped): Promise<FileSystemEntry[]> {
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

/** Null where it cannot be read. */
async function read(entry: FileSystemFileEntry): Promise<File | null> {
  try {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    // as a file has it that was picked with its folder
    Object.defineProperty(file, "webkitRelativePath", { value: entry.fullPath.replace(/^\//, "") });
    return file;
  } catch {
    return null;
  }
}
