import { expect, test } from "vitest";
import { accepts, covers, offered } from "../src/state/accept";

const named = (name: string, type = "") => ({ name, type });

test.each([
  ["image/*", named("IMG_0001.HEIC")],
  ["image/heic", named("IMG_0001.HEIC")],
  ["image/*", named("a.avif")],
  ["image/*", named("x", "image/png ; q=1")],
  ["text/markdown, .txt", named("notes.md")],
  [".heic", named("IMG_0001.HEIC", "application/octet-stream")],
  ["image/*", named("IMG_0001.HEIC", "application/octet-stream")], // Android
  ["application/zip", named("a.zip", "application/x-zip-compressed")], // Windows
  ["text/csv", named("a.CSV", "application/vnd.ms-excel")], // Windows with Excel
  ["audio/mp4", named("a.m4a", "audio/x-m4a")], // Safari
  ["*/*", named("anything")],
  ["application/octet-stream", named("anything")],
  ["", named("anything")],
])("%s takes %o", (accept, file) => expect(accepts(accept, file)).toBe(true));

test.each([
  ["image/*", named("a.pdf")],
  ["image/*", named("a")],
  ["image/*", named("a.heic", "text/html")],
  ["image/*", named("a", "application/octet-stream")],
  ["text/csv", named("a.xls", "application/vnd.ms-excel")],
  ["application/zip", named("a.pdf", "application/x-zip-compressed")],
  ["image/*", named("image/a")],
  ["video/*", named("IMG_0001.HEIC")],
  [".png", named("png")],
])("%s does not take %o", (accept, file) => expect(accepts(accept, file)).toBe(false));

test("a profile's types cover what the service would grant a file as", () => {
  const types = ["Image/*", "application/pdf"];
  const files = [
    named("a", "image/svg+xml"),
    named("a.PDF"),
    named("a.heic"),
    named("a", "application/pdf;v=1"),
  ];
  expect(files.map((file) => covers(types, file))).toEqual([true, true, true, true]);
  expect(covers(types, named("a.pdf", "text/plain"))).toBe(false);
  expect(covers(types, named("a"))).toBe(false);
  expect(covers(["*/*"], named("a"))).toBe(true);
});

test("the dialogue offers what the attribute says, else the profile's types and their extensions", () => {
  expect(offered(".pdf", ["image/*"])).toBe(".pdf");
  expect(offered("", ["image/*", "image/heic", "x/unknown"])).toBe("image/*,image/heic,.heic,x/unknown");
  expect(offered("", ["image/JPEG"])).toBe("image/JPEG,.jfif,.jpe,.jpeg,.jpg");
  expect(offered("", ["*/*", "image/png"])).toBe("");
  expect(offered("")).toBe("");
});
