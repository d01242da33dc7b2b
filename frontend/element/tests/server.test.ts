import { expect, test } from "vitest";

test("a server that renders pages loads the element's module, though it has no elements", async () => {
  expect(globalThis.HTMLElement).toBeUndefined();
  const { registerTranslation, ValetUpload } = await import("../src/index");
  expect([typeof ValetUpload, typeof registerTranslation]).toEqual(["function", "function"]);
});
