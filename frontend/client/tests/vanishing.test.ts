/**
 * A file of Chromium's tells its size anew each time, from the disk: once it is removed or renamed it has none, and its slices are empty
 * and can be read. Measured on Chromium; ours said that the storage refused it, or that its CORS rules do.
 */
import { describe, expect, test } from "vitest";
import { fileOf, world } from "./world";

const on = world();

/** A file as Chromium has it, and what removes it from the disk, or cuts it. */
function onDisk(size: number): { file: File; leave(bytes: number): void } {
  const file = fileOf(size);
  let left = size;
  Object.defineProperty(file, "size", { get: () => left });
  Object.defineProperty(file, "slice", {
    value: (from = 0, to = left) => fileOf(size).slice(Math.min(from, left), Math.min(to, left)),
  });
  return {
    file,
    leave: (bytes) => {
      left = bytes;
    },
  };
}

describe.each([
  ["by POST", 3000, false],
  ["by PUT", 3000, true],
  ["in parts", 9000, false],
])("a file that goes %s", (_, size, putOnly) => {
  test.each([0, 900])(
    "fails as file_changed where only %i bytes of it are left before its turn",
    async (bytes) => {
      on.service.putOnly = putOnly;
      const { file, leave } = onDisk(size);
      on.service.fault = ({ path }) => {
        if (path === "/v1/uploads") leave(bytes);
        return undefined;
      };
      await expect(on.uploader().upload(file).done).rejects.toMatchObject({ code: "file_changed" });
      expect(on.s3.log.filter(({ method }) => method !== "GET")).toEqual([]);
    },
  );
});

test.each(["sha256", null] as const)(
  "fails as file_changed between two parts, which the store wants with %s",
  async (sum) => {
    on.service.partChecksum = sum;
    const { file, leave } = onDisk(9000);
    on.s3.fault = () => {
      if (on.s3.log.length === 3) leave(0);
      return undefined;
    };
    const upload = on.uploader({ connections: 1 }).upload(file);
    await expect(upload.done).rejects.toMatchObject({ code: "file_changed", retryable: false });
    expect(on.s3.log.every(({ body }) => body.length === 1000)).toBe(true);
  },
);

test("a file that grows is not sent with more than was announced", async () => {
  const { file, leave } = onDisk(9000);
  on.service.fault = ({ path }) => {
    if (path === "/v1/uploads") leave(9500);
    return undefined;
  };
  await on
    .uploader()
    .upload(file)
    .done.catch(() => {});
  expect(on.s3.log.every(({ body }) => body.length === 1000)).toBe(true);
});
