import type { FileLike } from "@valetkey/client";

const EDGE = 88; // pixels: 44 on the page, at a device pixel ratio of 2
const LARGEST = 30_000_000; // bytes: what is larger takes too long to decode
const KINDS = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;

let last: Promise<unknown> = Promise.resolve();

/**
 * Draws a thumbnail of an image file onto a canvas; null for other files. One at a time, and without an object URL: nothing has to be
 * revoked, and a page's policy need not allow `blob:` images. `wanted` is called before it is drawn.
 */
export function thumbnail(file: FileLike, wanted: () => boolean): Promise<HTMLCanvasElement | null> {
  if (!KINDS.test(file.type) || file.size > LARGEST) return Promise.resolve(null);
  const turn = last.then(() => (wanted() ? draw(file) : null)).catch(() => null); // no image, whatever its name says
  last = turn;
  return turn;
}

async function draw(file: Blob): Promise<HTMLCanvasElement> {
  const bitmap = await createImageBitmap(file, { resizeHeight: EDGE, resizeQuality: "medium" });
  const canvas = document.createElement("canvas");
  canvas.width = EDGE;
  canvas.height = EDGE;
  const scale = Math.max(1, EDGE / bitmap.width); // covers the square, from the middle
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  canvas.getContext("2d")?.drawImage(bitmap, (EDGE - width) / 2, (EDGE - height) / 2, width, height);
  bitmap.close();
  return canvas;
}
