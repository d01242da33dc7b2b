import { expect, test } from "vitest";
import { Localizer } from "../src/language/localizer";
import { Limits } from "../src/state/limits";
import { fileOf } from "./fake";

const NONE = { accept: "", multiple: true, maxFiles: "", maxSize: "" };

test("without limits every file is accepted, and any number; a field for one takes one", () => {
  expect(new Limits(NONE).check(fileOf(1e6))).toBeNull();
  expect(new Limits(NONE).maxFiles).toBe(Number.POSITIVE_INFINITY);
  expect(new Limits({ ...NONE, multiple: false, maxFiles: "5" }).maxFiles).toBe(1);
});

test("a limit is read when a file is checked, and one that is no number is none", () => {
  const settings = { ...NONE, maxSize: " 1000 ", maxFiles: "3", accept: "image/*" };
  const limits = new Limits(settings);
  expect(limits.check(fileOf(1000, "a.png", "image/png"))).toBeNull();
  expect(limits.check(fileOf(1001, "a.png", "image/png"))).toEqual({ key: "tooLarge", limit: 1000 });
  expect(limits.check(fileOf(1, "a.pdf", "application/pdf"))).toEqual({ key: "wrongKind" });
  expect(limits.maxFiles).toBe(3);
  settings.maxSize = "1 MB";
  settings.maxFiles = "-1";
  expect(limits.check(fileOf(1001, "a.png", "image/png"))).toBeNull();
  expect(limits.maxFiles).toBe(Number.POSITIVE_INFINITY);
});

test("what was left out is described, with its number", () => {
  const limits = new Limits({ ...NONE, maxFiles: "3" });
  const said = (count: number, unreadable: number) =>
    limits.describeLeftOut(count, unreadable)?.(new Localizer("en")).trim();
  expect(said(0, 0)).toBeUndefined();
  expect(said(2, 1)).toBe("At most 3 files. 2 files were left out. 1 file could not be read.");
  expect(said(0, 2)).toBe("2 files could not be read.");
});
