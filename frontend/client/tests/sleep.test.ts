/**
 * A laptop that sleeps, or a clock that is set: hours pass between two lines, and nobody has waited for anything. Reported of others:
 * TTLabs/EvaporateJS 449, filesender/filesender 35.
 */
import { afterEach, expect, test, vi } from "vitest";
import { fileOf, world } from "./world";

const on = world();
const HOUR = 3_600_000;

afterEach(() => vi.restoreAllMocks());

/** From now on the clock is an hour later. */
function sleepAnHour(): void {
  const then = Date.now;
  vi.spyOn(Date, "now").mockImplementation(() => then() + HOUR);
}

test.each(["the service", "the storage"])("does not use up the patience with %s", async (whom) => {
  const server = whom === "the service" ? on.service : on.s3;
  let met = 0;
  server.fault = () => {
    if (met++ > 3) return undefined;
    if (met === 2) sleepAnHour(); // behind a first failure: the network goes before the laptop does
    return { status: 500 };
  };
  expect((await on.uploader({ connections: 1 }).upload(fileOf(6000)).done).state).toBe("confirmed");
});

test("does not use up the time that the bytes have to be found", async () => {
  on.service.looks = 3;
  on.service.fault = ({ path }) => {
    if (path.endsWith("/complete") && on.service.count("POST", /complete/) === 1) sleepAnHour();
    return undefined;
  };
  expect((await on.uploader().upload(fileOf(100)).done).state).toBe("confirmed");
});

test("patience ends all the same", async () => {
  on.s3.fault = () => ({ status: 500 });
  const upload = on.uploader({ retry: { delay: 5, maxDelay: 20, patience: 300 } }).upload(fileOf(100));
  await expect(upload.done).rejects.toMatchObject({ code: "storage_unavailable" });
});
