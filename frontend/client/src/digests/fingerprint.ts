const PIECES = 8;
const PIECE = 64 * 1024; // bytes
const WHOLE = "w";

/**
 * What a file is known again by, at the cost of a few reads: another sample is another file. Of a small one it is all of it, so
 * that the same sample is the same file, too. Undefined where it cannot be read; then the upload says so.
 */
export async function sampleOf(file: Blob): Promise<string | undefined> {
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

/** Whether it is of the whole file. */
export function isWhole(sample: string): boolean {
  return sample.startsWith(WHOLE);
}
