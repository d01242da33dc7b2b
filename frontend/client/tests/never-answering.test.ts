/**
 * What never settles, and what a browser says by mistake: a page's function for tokens, an IndexedDB that another page blocks, a
 * `navigator.onLine` that is false though there is a network (a VPN, flight mode with a service on this machine).
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RecordStore } from "../src/index";
import { fileOf, world } from "./world";

const on = world();
const never = <T>() => new Promise<T>(() => {});
const settle = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Timers run as fast as they can; requests take their time. */
const hurry = () => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });

/** Lets `ms` milliseconds pass for timers, with some real time for requests after each second. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    await vi.advanceTimersByTimeAsync(1000);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a browser that says it is offline by mistake", () => {
  test("is not waited for: after a failure the upload tries again, and is confirmed", async () => {
    hurry();
    vi.stubGlobal("navigator", { onLine: false });
    let calls = 0;
    on.service.fault = () => (calls++ === 0 ? { cut: "before" } : undefined);
    const upload = on.uploader().upload(fileOf(100));
    const waits = new Set<string | undefined>();
    upload.subscribe(({ waiting }) => waits.add(waiting?.reason));
    await pass(60_000);
    expect([upload.state, [...waits].includes("offline")]).toEqual(["confirmed", true]);
  });

  test("the time offline is still not counted", async () => {
    hurry();
    vi.stubGlobal("navigator", { onLine: false });
    on.service.fault = () => ({ cut: "before" });
    const upload = on.uploader().upload(fileOf(100));
    await pass(120_000); // of a patience of 15 s
    expect(upload.snapshot).toMatchObject({ state: "creating", waiting: { reason: "offline" } });
    on.service.fault = () => undefined;
    await pass(30_000);
    expect(upload.state).toBe("confirmed");
  });
});

describe("a function for the token that never settles", () => {
  test("is asked again after a minute, and the upload goes on", async () => {
    hurry();
    let asked = 0;
    const token = () => (asked++ === 0 ? never<string>() : "ticket");
    const upload = on.uploader({ token, retry: { delay: 5, patience: 600_000 } }).upload(fileOf(100));
    await pass(90_000);
    expect([upload.state, asked]).toEqual(["confirmed", 2]);
  });

  test("is an error with a code once patience has ended", async () => {
    hurry();
    const upload = on
      .uploader({ token: () => never(), retry: { delay: 5, patience: 10_000 } })
      .upload(fileOf(100));
    await pass(600_000);
    expect(upload.snapshot).toMatchObject({ state: "failed", error: { code: "token_unavailable" } });
  });

  test.each(["paused", "aborted"])("gives its place to others when the upload is %s", async (how) => {
    let asked = 0;
    const token = () => (asked++ === 0 ? never<string>() : "ticket");
    const uploader = on.uploader({ token, connections: 1 });
    const first = uploader.upload(fileOf(100));
    while (asked === 0) await settle(5);
    if (how === "paused") first.pause();
    else await first.abort();
    expect((await uploader.upload(fileOf(200)).done).state).toBe("confirmed");
  });
});

describe("a record store that never answers", () => {
  const silent: RecordStore = { list: () => never(), put: () => never(), remove: () => never() };

  test("does not keep uploads from going on without records", async () => {
    hurry();
    const uploader = on.uploader({ records: silent });
    const uploads = [
      uploader.upload(fileOf(100)),
      ...uploader.uploadAll([fileOf(9000), fileOf(300)]).uploads,
    ];
    await pass(20_000);
    expect(uploads.map(({ state }) => state)).toEqual(["confirmed", "confirmed", "confirmed"]);
    const later = uploader.upload(fileOf(400));
    await pass(2000); // nobody waits for it again
    expect(later.state).toBe("confirmed");
  });

  test("is asked again once it has answered, and a sign-out rejects where it does not", async () => {
    hurry();
    let free: () => void = () => {};
    const blocked = new Promise<void>((resolve) => {
      free = resolve;
    });
    const store: RecordStore = {
      list: () => blocked.then(() => on.records.list()),
      put: (record) => blocked.then(() => on.records.put(record)),
      remove: (id) => blocked.then(() => on.records.remove(id)),
    };
    const uploader = on.uploader({ records: store });
    const listed = uploader.listInterrupted();
    const signOut = uploader.forgetAll().then(
      () => "forgotten",
      () => "rejected",
    );
    await pass(10_000);
    expect([await listed, await signOut]).toEqual([[], "rejected"]);
    free();
    await pass(1000);
    on.s3.fault = () => ({ delay: 1e6 });
    uploader.upload(fileOf(9000));
    await pass(3000);
    expect(await on.records.list()).toHaveLength(1);
  });
});

describe("Web Locks that never settle", () => {
  type Held = (lock: unknown) => unknown;

  /** A browser whose lock manager answers nothing, and the functions that wait for its locks. */
  function stuck(): Held[] {
    const waiting: Held[] = [];
    const request = (_: string, __: unknown, held: Held) => {
      waiting.push(held);
      return never();
    };
    vi.stubGlobal("navigator", { onLine: true, locks: { request, query: () => never() } });
    return waiting;
  }

  test("keep no upload from going on, and no list from being shown", async () => {
    hurry();
    const waiting = stuck();
    const uploader = on.uploader();
    const upload = uploader.upload(fileOf(9000));
    const listed = uploader.listInterrupted();
    await pass(20_000);
    expect([upload.state, waiting.length > 0]).toEqual(["confirmed", true]);
    await expect(listed).resolves.toBeInstanceOf(Array);
  });

  test("hold nothing once they are there", async () => {
    hurry();
    const waiting = stuck();
    const upload = on.uploader().upload(fileOf(9000));
    await pass(20_000);
    expect(waiting.map((held) => held({}))).toEqual(waiting.map(() => undefined));
    expect(upload.state).toBe("confirmed");
  });
});
