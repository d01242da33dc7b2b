const PIECES = 8;
const PIECE = 64 * 1024; // bytes
const WHOLE = "w";

/**
 * A fingerprint of a file, at the cost of a few reads: files with different fingerprints differ. A small file's covers all of it, so
 * that equal ones prove equal files. Undefined if the file cannot be read; the upload itself fails then.
 */
export async function takeFingerprint(file: Blob): Promise<string | undefined> {
  const whole = file.size <= PIECES * PIECE;
  const bytes = whole ? file : new Blob(pieces(file));
  try {
    const digest = globalThis.crypto?.subtle
      ? String(new Uint8Array(await crypto.subtle.digest("SHA-256", await bytes.arrayBuffer())))
      : await (await import("./hash")).digest(bytes, "sha256");
    return (whole ? WHOLE : "s") + digest;
  } catch {
    return undefined;
  }
}

function pieces(file: Blob): Blob[] {
  const step = (file.size - PIECE) / (PIECES - 1);
  return Array.from({ length: PIECES }, (_, index) => {
    const from = Math.floor(index * step);
    return file.slice(from, from + PIECE);
  });
}

/** Whether the fingerprint is of the whole file. */
export function coversWholeFile(fingerprint: string): boolean {
  return fingerprint.startsWith(WHOLE);
}
