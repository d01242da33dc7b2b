import { ValetKeyError } from "@valetkey/client";
import { beforeEach, describe, expect, test } from "vitest";
import { type InterruptedItem, InterruptedUploads } from "../src/state/interrupted";
import { FakeUploader, fileOf, recordOf } from "./fake";

let service: FakeUploader;
let changes: string[];
let uploads: InterruptedUploads;

beforeEach(() => {
  service = new FakeUploader();
  changes = [];
  uploads = new InterruptedUploads((one, change) => changes.push(`${one.record.id} ${change}`));
});

const refresh = () => uploads.refresh(service.uploader, ({ profile }) => profile === "");
const first = () => uploads.list[0] as InterruptedItem;
const error = (code: string) => new ValetKeyError(code, "");

describe("a refresh", () => {
  test("lists what there is, and reports what came and went", async () => {
    service.interrupted = [
      { record: recordOf("u1"), stored: 400 },
      { record: { ...recordOf("u2"), profile: "other" }, stored: 0 },
    ];
    await refresh();
    expect(uploads.list.map(({ record, stored }) => [record.id, stored])).toEqual([["u1", 400]]);
    service.interrupted = [{ record: recordOf("u3"), stored: 1000 }];
    await refresh();
    expect(changes).toEqual(["u1 found", "u3 found", "u1 gone"]);
    expect([first().whole, first().needsFile]).toEqual([true, false]);
  });

  test("keeps what was known while the service is unavailable", async () => {
    service.interrupted = [{ record: recordOf("u1"), stored: 400 }];
    await refresh();
    const known = first();
    service.interrupted = [{ record: recordOf("u1"), stored: null }];
    await refresh();
    expect([first() === known, known.stored, changes]).toEqual([true, 400, ["u1 found"]]);
  });

  test("that ends after a later one changes nothing", async () => {
    let end: (found: typeof service.interrupted) => void = () => {};
    const slow = new FakeUploader();
    slow.inspectInterrupted = () =>
      new Promise((resolve) => {
        end = resolve;
      });
    const early = uploads.refresh(slow.uploader, () => true);
    service.interrupted = [{ record: recordOf("u1"), stored: 0 }];
    await refresh();
    end([{ record: recordOf("u2"), stored: 0 }]);
    await early;
    expect(uploads.list.map(({ record }) => record.id)).toEqual(["u1"]);
  });
});

describe("an interrupted upload", () => {
  beforeEach(async () => {
    service.interrupted = [{ record: recordOf("u1"), stored: 400 }];
    await refresh();
    changes = [];
  });

  test("leaves the list when it is resumed, once", async () => {
    const one = first();
    const both = [1, 2].map(() => uploads.resume(one, service.uploader, fileOf(1000, "film.bin")));
    const [upload, second] = await Promise.all(both);
    expect([upload?.file.name, second]).toEqual(["film.bin", null]);
    expect([service.started.length, uploads.list, changes]).toEqual([1, [], ["u1 gone"]]);
  });

  test("is not resumed with a file of another name", async () => {
    expect(await uploads.resume(first(), service.uploader, fileOf(1000, "other.bin"))).toBeNull();
    expect([first().trouble, first().needsFile, service.started]).toEqual(["otherFile", true, []]);
  });

  test.each([
    ["file_mismatch", "otherFile"],
    ["file_changed", "changed"],
    ["file_needed", "chooseSame"],
  ])("says what to do after %s", async (code, trouble) => {
    service.error = error(code);
    expect(await uploads.resume(first(), service.uploader, null)).toBeNull();
    expect([first().trouble, first().needsFile, changes]).toEqual([trouble, true, ["u1 troubled"]]);
  });

  test("that runs in another tab leaves the list, whether it was to be resumed or discarded", async () => {
    service.error = error("state_conflict");
    const one = first();
    expect(await uploads.resume(one, service.uploader, null)).toBeNull();
    expect(uploads.list).toEqual([]);
    await refresh();
    await uploads.discard(first(), service.uploader);
    expect([uploads.list, changes]).toEqual([[], ["u1 gone", "u1 found", "u1 gone"]]);
  });

  test("that was discarded does not come back with a refresh", async () => {
    await uploads.discard(first(), service.uploader);
    await refresh();
    expect([service.discarded, uploads.list, changes]).toEqual([["u1"], [], ["u1 discarded"]]);
  });

  test("stays when the service cannot be told to discard it", async () => {
    service.error = error("service_unreachable");
    await uploads.discard(first(), service.uploader);
    expect([first().trouble, changes]).toEqual(["notDiscarded", ["u1 troubled"]]);
  });
});
