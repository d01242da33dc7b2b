import { describe, expect, test } from "vitest";
import { EXTENSIONS } from "../src/files/extensions";
import { type FileLike, fillType } from "../src/files/file";
import { extensionsOf, typeOf, withQuotes } from "../src/files/file-types";
import { type FileOptions, newJob } from "../src/transfer/job";

const WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

describe("the type that a name tells", () => {
  test.each([
    ["IMG_0001.HEIC", "image/heic"],
    ["IMG_0001.HIF", "image/heif"],
    ["a.heif", "image/heif"],
    ["notes.md", "text/markdown"],
    ["a.webp", "image/webp"],
    ["a.avif", "image/avif"],
    ["Brief.docx", WORD],
    ["data.csv", "text/csv"],
    ["data.jsonl", "application/jsonl"],
    ["data.parquet", "application/vnd.apache.parquet"],
    ["film.mkv", "video/x-matroska"],
    ["song.m4a", "audio/mp4"],
    ["song.opus", "audio/ogg"],
    ["card.vcf", "text/vcard"],
    ["photo.DNG", "image/x-adobe-dng"],
    ["photo.jpg", "image/jpeg"],
    ["all.tar.gz", "application/gzip"],
    ["a b.c/drawing.svg", "image/svg+xml"],
  ])("%s is %s", (name, type) => expect(typeOf(name)).toBe(type));

  test.each([
    "README",
    ".png",
    "a/.png",
    "C:\\fakepath\\.png",
    "name.",
    "",
    "a.b/c",
    "a.png ",
    "a.constructor",
    "a.=",
    "a.,",
  ])("%s tells none", (name) => expect(typeOf(name)).toBeUndefined());

  test("is one for each extension, and a media type", () => {
    const words = Object.entries(EXTENSIONS).flatMap(([kind, text]) =>
      text.split(" ").map((word) => ({ kind, word })),
    );
    const endings = words.flatMap(({ word }) => (word.split("=")[1] ?? word).split(","));
    expect(new Set(endings).size).toBe(endings.length);
    expect(endings.length).toBeGreaterThan(100);
    for (const ending of endings) expect(typeOf(`a.${ending}`)).toMatch(/^[a-z]+\/[a-z0-9.+-]+$/);
  });
});

test("the extensions of a type are those that tell it", () => {
  expect(extensionsOf("image/heic")).toEqual([".heic"]);
  expect(extensionsOf("image/svg+xml")).toEqual([".svg"]);
  expect(extensionsOf("text/plain")).toEqual([".log", ".txt"]);
  for (const type of ["image/*", "*/*", "image/unknown", "", "image", "image/svg", "constructor/x"])
    expect(extensionsOf(type)).toEqual([]);
});

/** The same table is in `tests/field/test_quoted_types.py`. */
describe("what browsers and systems call a type", () => {
  test.each([
    ["video/webm;codecs=vp8,opus", 'video/webm;codecs="vp8,opus"'],
    ["video/mp4; codecs=avc1.42000a, mp4a.40.2 ", 'video/mp4; codecs="avc1.42000a, mp4a.40.2"'],
    ["video/webm;codecs=vp9,opus;x=1", 'video/webm;codecs="vp9,opus";x=1'],
    ["text/plain;name=my file.txt", 'text/plain;name="my file.txt"'],
    ["multipart/related;type=text/html", 'multipart/related;type="text/html"'],
  ])("%s gets its quotes", (given, type) => expect(withQuotes(given)).toBe(type));

  test.each([
    "image/png",
    "text/plain;charset=utf-8",
    'video/webm;codecs="vp8,opus"',
    'a/b;x="c;d=e,f;g"',
    "image/png;,text/html",
    "image/png;a=b,text/html",
    "image/png,text/html",
    'a/b;c=d"e,f',
    "a/b;c=",
  ])("%s stays as it is", (given) => expect(withQuotes(given)).toBe(given));
});

test("a file's own type counts, and where it has none its name's, and what the caller says before both", async () => {
  const settled = async (file: FileLike, options: FileOptions = {}) => {
    const { spec } = newJob(file, options, "", "");
    await fillType(spec.file);
    return spec.file.type;
  };
  const typeIn = (type: string, options = {}) => settled(new File([], "a.HEIC", { type }), options);
  expect(await typeIn("")).toBe("image/heic");
  expect(await typeIn("image/heif")).toBe("image/heif");
  expect(await typeIn("", { contentType: "image/x" })).toBe("image/x");
  expect(await typeIn("", { filename: "b.png" })).toBe("image/png");
  expect(await typeIn("video/webm;codecs=vp8,opus")).toBe('video/webm;codecs="vp8,opus"');
  expect(await typeIn("", { contentType: "a/b;c=d,e" })).toBe('a/b;c="d,e"');
  expect(await settled(new Blob([]))).toBe("application/octet-stream");
});
