import { type Directory, File, Paths } from "expo-file-system";
import { NativeFile } from "./native-file";

/** Where a file is, in words that hold after an update of the app: iOS moves its folders then. */
export interface Place {
  folder: "document" | "cache" | null;
  /** below the folder, else the whole URI */
  path: string;
}

const FOLDERS = ["document", "cache"] as const;

/** Where this file is. */
export function placeOf(uri: string): Place {
  for (const folder of FOLDERS) {
    const base = baseOf(Paths[folder]);
    if (uri.startsWith(base)) return { folder, path: uri.slice(base.length) };
  }
  return { folder: null, path: uri };
}

/** What a record keeps of a file, so that its upload goes on without anybody choosing the file again. */
export class FileHandle {
  readonly kind = "file";
  readonly name: string;
  readonly place: Place;

  constructor(place: Place) {
    this.place = place;
    this.name = place.path.split("/").at(-1) ?? "";
  }

  /** Rejects if the file is gone. */
  async getFile(): Promise<NativeFile> {
    const { folder, path } = this.place;
    const file = new File(folder ? baseOf(Paths[folder]) + path : path);
    if (!file.exists) throw new Error(`${file.uri} is gone`);
    return new NativeFile(file);
  }
}

function baseOf({ uri }: Directory): string {
  return uri.endsWith("/") ? uri : `${uri}/`;
}
