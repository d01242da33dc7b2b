import { expect, test } from "vitest";
import { accepts } from "../src/state/accept";

const named = (name: string, type = "") => ({ name, type });

test.each([
  ["image/*", named("IMG_0001.HEIC")],
  ["image/heic", named("IMG_0001.HEIC")],
  ["image/*", named("a.avif")],
  ["image/*", named("x", "image/png ; q=1")],
  ["text/markdown, .txt", named("notes.md")],
  [".heic", named("IMG_0001.HEIC", "application/octet-stream")],
  ["*/*", named("anything")],
  ["", named("anything")],
])("%s takes %o", (accept, file) => expect(accepts(accept, file)).toBe(true));

test.each([
  ["image/*", named("a.pdf")],
  ["image/*", named("a")],
  ["image/*", named("a.heic", "text/html")],
  ["image/*", named("image/a")],
  ["video/*", named("IMG_0001.HEIC")],
  [".png", named("png")],
])("%s does not take %o", (accept, file) => expect(accepts(accept, file)).toBe(false));
