/** Clocks of browsers are wrong by hours, by years, and are set while an upload runs; those of the service and the storage are right. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { fileOf, interrupted, world } from "./world";

const on = world();
const HOUR = 3_600_000;

afterEach(() => vi.restoreAllMocks());

/** From now on the clock of the browser is wrong by `ms`. */
function setClock(ms: number): void {
  const right = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => right() + ms);
}

test.each([
  ["ten days ahead", 240 * HOUR],
  ["years behind", -20_000 * HOUR],
])("a clock that is %s keeps no upload from being resumed", async (_, ms) => {
  setClock(ms);
  const file = fileOf(10_000);
  await interrupted(on.service.url, on.records, file, 3);
  expect(await on.uploader().listInterrupted()).toHaveLength(1);
  const confirmed = await on.uploader().upload(file).done;
  expect(confirmed.id).toBe(on.service.only().upload.id);
});

test("a Retry-After that is a date is not waited for by a clock that is hours behind", async () => {
  const soon = new Date(Date.now() + 1000).toUTCString();
  setClock(-2 * HOUR);
  let calls = 0;
  on.service.fault = () => (calls++ === 0 ? { status: 503, headers: { "Retry-After": soon } } : undefined);
  const upload = on.uploader({ retry: { patience: 600_000 } }).upload(fileOf(100));
  const until = await new Promise<number>((resolve) => {
    upload.subscribe(({ waiting, error }) => {
      if (waiting?.until || error) resolve((waiting?.until ?? Number.POSITIVE_INFINITY) - Date.now());
    });
  });
  expect(until).toBeLessThanOrEqual(120_000); // it was longer than all patience, so that the upload failed at once
  await upload.abort();
});

describe("a clock that is set back by an hour while a file is sent", () => {
  test("hides no progress, and leaves the speed as it is", async () => {
    on.s3.fault = () => {
      if (on.s3.log.length === 2) setClock(-HOUR);
      return { delay: 150 };
    };
    const upload = on.uploader({ connections: 1 }).upload(fileOf(10_000));
    const seen: number[] = [];
    upload.subscribe(({ progress: { sent, speed } }) => sent > 4000 && sent < 10_000 && seen.push(speed));
    await upload.done;
    expect(seen.length).toBeGreaterThan(2);
    expect(Math.min(...seen)).toBeGreaterThan(100);
  });

  test("leaves the speed of a group as it is", async () => {
    on.s3.fault = () => ({ delay: 100 });
    const group = on.uploader({ connections: 1 }).uploadAll([fileOf(900), fileOf(800, "b")]);
    setClock(-HOUR);
    await group.done;
    const { speed } = group.snapshot.progress;
    expect(speed).toBeGreaterThan(0);
    expect(speed).toBeLessThan(20_000);
  });
});
