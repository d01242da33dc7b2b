import { expect, test } from "vitest";
import { Localizer } from "../src/language/localizer";
import { complaints } from "../src/page/complaints";
import { Limits } from "../src/state/limits";
import { checkRules } from "../src/state/rules";
import { fileOf } from "./fake";

const NONE = { accept: "", multiple: true, maxFiles: "", maxSize: "" };

test("without limits every file is accepted, and any number; a field for one takes one", () => {
  expect(new Limits(NONE).check(fileOf(1e6))).toBeNull();
  expect(new Limits(NONE).maxFiles).toBe(Number.POSITIVE_INFINITY);
  expect(new Limits({ ...NONE, multiple: false, maxFiles: "5" }).maxFiles).toBe(1);
});

test("a limit is read when a file is checked, and one that is no number is none, which is said once", () => {
  const settings = { ...NONE, maxSize: " 1000 ", maxFiles: "3", accept: "image/*" };
  const said: string[] = [];
  const limits = new Limits(
    settings,
    complaints((text) => said.push(text)),
  );
  expect(limits.check(fileOf(1000, "a.png", "image/png"))).toBeNull();
  expect(limits.check(fileOf(1001, "a.png", "image/png"))).toEqual({ key: "tooLarge", limit: 1000 });
  expect(limits.check(fileOf(1, "a.pdf", "application/pdf"))).toEqual({ key: "wrongKind" });
  expect(limits.maxFiles).toBe(3);
  expect(said).toEqual([]);
  settings.maxSize = "about 1000";
  settings.maxFiles = "-1";
  for (let i = 0; i < 3; i++) {
    expect(limits.check(fileOf(1001, "a.png", "image/png"))).toBeNull();
    expect(limits.maxFiles).toBe(Number.POSITIVE_INFINITY);
  }
  expect(said.map((text) => text.split(" sets")[0])).toEqual([
    '<valet-upload>: max-size="about 1000"',
    '<valet-upload>: max-files="-1"',
  ]);
});

test.each([
  ["1000", 1000],
  ["0", 0],
  ["500b", 500],
  ["10MB", 10_000_000],
  ["10 mb", 10_000_000],
  [" 1.5 kB ", 1500],
  ["1 KiB", 1024],
  ["2 GiB", 2 * 1024 ** 3],
  ["5 TB", 5e12],
  ["10M", null],
  ["10 iB", null],
  ["1,000", null],
  ["-5", null],
  ["1e6", null],
  ["MB", null],
])("a size may have a unit: %s", (maxSize, bytes) => {
  const said: string[] = [];
  const limits = new Limits({ ...NONE, maxSize }, (text) => said.push(text));
  const check = (size: number) => limits.check({ name: "a", type: "", size });
  expect(check(1e13)).toEqual(bytes === null ? null : { key: "tooLarge", limit: bytes });
  expect(said.length).toBe(bytes === null ? 1 : 0);
  if (bytes !== null) expect(check(bytes)).toBeNull();
});

test("what was left out is described, with its number", () => {
  const limits = new Limits({ ...NONE, maxFiles: "3" });
  const said = (count: number, unreadable: number) =>
    limits.describeLeftOut(count, unreadable)?.(new Localizer("en")).trim();
  expect(said(0, 0)).toBeUndefined();
  expect(said(2, 1)).toBe("At most 3 files. 2 files were left out. 1 file could not be read.");
  expect(said(0, 2)).toBe("2 files could not be read.");
});

test("the rules of a profile refuse what the service would", () => {
  const rules = {
    name: "images",
    min_size: 10,
    max_size: 1000,
    content_types: ["image/*"],
    checksum: "optional" as const,
    metadata: null,
  };
  const refusal = (size: number, type: string) => checkRules(rules, fileOf(size, "a", type));
  expect([refusal(10, "image/png"), refusal(1000, "image/png")]).toEqual([null, null]);
  expect(refusal(100, "text/html")).toEqual({ key: "wrongKind" });
  expect(refusal(1001, "image/png")).toEqual({ key: "tooLarge", limit: 1000 });
  expect(refusal(9, "image/png")).toEqual({ key: "tooSmall", limit: 10 });
  expect(refusal(0, "image/png")).toEqual({ key: "empty" });
  expect(checkRules({ ...rules, min_size: 0 }, fileOf(0, "a", "image/png"))).toBeNull();
  expect(checkRules(null, fileOf(0, "a", "text/html"))).toBeNull();
});
