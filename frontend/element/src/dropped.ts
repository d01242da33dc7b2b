/** What came by a drop: the files, those in folders too, and how many could not be read. */
export interface Dropped {
  files: File[];
  unreadable: number;
}

/** All files of a drop or a paste. The transfer must be looked at before anything is awaited, so this begins at once. */
export async function droppedFiles(transfer: DataTransfer): Promise<Dropped> {
  const items = Array.from(transfer.items).filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = items.map((item) => item.getAsFile());
  const found: Dropped = { files: [], unreadable: 0 };
  for (const [index, entry] of entries.entries()) {
    const file = plain[index];
    if (entry?.isDirectory) await walk(entry as FileSystemDirectoryEntry, found);
    else if (file) found.files.push(file);
  }
  return found;
}

async function walk(folder: FileSystemDirectoryEntry, found: Dropped): Promise<void> {
  for (const entry of await entriesOf(folder, found)) {
    if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, found);
    else await read(entry as FileSystemFileEntry, found);
  }
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

async function read(entry: FileSystemFileEntry, found: Dropped): Promise<void> {
  try {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    // as a file has it that was picked with its folder
    Object.defineProperty(file, "webkitRelativePath", { value: entry.fullPath.replace(/^\//, "") });
    found.files.push(file);
  } catch {
    found.unreadable++;
  }
}
