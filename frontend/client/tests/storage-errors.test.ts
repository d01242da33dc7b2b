import { describe, expect, test } from "vitest";
import { xml } from "./fake/s3";
import { bytesOf, fileOf, world } from "./world";

const on = world();

describe.each([
  ["by POST", 3000, false],
  ["by PUT", 3000, true],
  ["in parts", 6000, false],
])("a storage that answers 200 with an error, to a file that goes %s,", (_, size, putOnly) => {
  test("is asked again where the error may pass: nothing is taken for sent that is not", async () => {
    on.service.putOnly = putOnly;
    const codes = ["InternalError", "SlowDown"];
    on.s3.fault = () => {
      const code = codes.shift();
      return code ? { status: 200, body: xml(code, "We encountered an internal error.") } : undefined;
    };
    const file = fileOf(size);
    const { id } = await on.uploader().upload(file).done;
    expect(on.s3.objects.get(id)?.equals(await bytesOf(file))).toBe(true);
    expect(codes).toEqual([]);
    expect(on.service.uploads.size).toBe(1);
  });

  test("is the end where the error stays, with the storage's own words", async () => {
    on.service.putOnly = putOnly;
    on.s3.fault = () => ({ status: 200, body: xml("QuotaExceeded", "No more room.") });
    const upload = on.uploader().upload(fileOf(size));
    await expect(upload.done).rejects.toMatchObject({
      code: "storage_refused",
      detail: "The storage refused the file (QuotaExceeded: No more room.).",
    });
  });
});
