import { ValetKeyError } from "@valetkey/client";
import { expect, test } from "vitest";
import { Localizer } from "../src/language/localizer";
import { heldBy } from "../src/state/held";
import { Item, type Refusal } from "../src/state/item";
import { totalsOf } from "../src/state/totals";
import { FakeUpload, fileOf } from "./fake";

const REFUSED: Refusal = { key: "wrongKind" };
const AWAY = { state: "failed", error: new ValetKeyError("storage_unreachable", "") } as const;
const INFECTED = { state: "rejected", error: new ValetKeyError("infected", "") } as const;

type Change = Parameters<FakeUpload["set"]>[0];

function itemOf(name: string, change: Change | Refusal): Item {
  const file = fileOf(5, name);
  if ("key" in change) return new Item(1, file, change);
  const item = new Item(1, file, null);
  const upload = new FakeUpload(file);
  upload.set(change);
  item.upload = upload as unknown as typeof item.upload;
  return item;
}

function held(items: readonly Item[], required = false, lang = "en") {
  const found = heldBy(items, totalsOf(items), required, new Localizer(lang));
  return found && [found.flag, found.message, found.item?.name];
}

const good = itemOf("good.txt", { state: "confirmed" });

test("nothing holds a form whose files are uploaded, or were cancelled by the user", () => {
  expect(held([])).toBe(null);
  expect(held([good], true)).toBe(null);
  expect(held([good, itemOf("a.txt", { state: "aborted" })])).toBe(null);
});

test.each([
  ["refused", REFUSED, "cat.jpg was not uploaded. Remove it to continue."],
  ["rejected", INFECTED, "cat.jpg was not uploaded. Remove it to continue."],
  ["failed", AWAY, "cat.jpg was not uploaded. Retry or remove it."],
])(
  "a file that was %s holds it, beside one that is uploaded, and where one is required",
  (_, change, text) => {
    const cat = itemOf("cat.jpg", change);
    expect(held([good, cat])).toEqual(["customError", text, "cat.jpg"]);
    expect(held([cat], true)).toEqual(["customError", text, "cat.jpg"]);
  },
);

test("of several the first is named, and the others are counted", () => {
  const items = [good, itemOf("a.txt", REFUSED), itemOf("b.txt", INFECTED)];
  const two = "a.txt and 1 more file were not uploaded. Remove them to continue.";
  expect(held(items)).toEqual(["customError", two, "a.txt"]);
  const three = "a.txt and 2 more files were not uploaded. Retry or remove them.";
  expect(held([...items, itemOf("c.txt", AWAY)])).toEqual(["customError", three, "a.txt"]);
});

test("what the user can do at once is said before what takes time", () => {
  const busy = [itemOf("a.txt", { state: "sending" }), itemOf("b.txt", { state: "paused" })];
  expect(held(busy)?.[1]).toBe("Please wait: 2 files are still being uploaded.");
  expect(held([...busy, itemOf("c.txt", REFUSED)])?.[2]).toBe("c.txt");
  expect(held([], true)).toEqual(["valueMissing", "Please upload a file.", undefined]);
});
