import { fileChanged } from "../model/errors";

/**
 * Bytes of a file, `to` exclusive. Throws `file_changed` if there are not as many: Chromium looks at the disk each time, and a file that
 * was removed has none. A slice is sent in full or not at all, which Chromium does not promise of a file.
 */
export function sliceOf(file: Blob, from: number, to: number): Blob {
  const bytes = file.slice(from, to);
  if (bytes.size < to - from) throw fileChanged();
  return bytes;
}
