import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FirstToken } from "../src/page/first-token";
import { fetchRules, RulesOnce } from "../src/page/profile-rules";

const rules = (name: string) => ({
  name,
  min_size: 0,
  max_size: 9,
  content_types: ["image/*"],
  checksum: "optional" as const,
  metadata: null,
});

describe("the rules that the service tells", () => {
  let sent: Array<{ url: string; headers: unknown }>;

  beforeEach(() => {
    sent = [];
    vi.stubGlobal("location", { href: "https://page.example/albums/new" });
  });
  afterEach(() => vi.unstubAllGlobals());

  function answers(response: Response): void {
    vi.stubGlobal("fetch", async (url: string, { headers }: RequestInit) => {
      sent.push({ url, headers });
      return response;
    });
  }

  test("are those of the profile by its name, with the token", async () => {
    answers(Response.json(rules("a b")));
    expect((await fetchRules("/files/", "a b", "vt_p.1"))?.name).toBe("a b");
    expect(sent[0]?.url).toBe("https://page.example/files/v1/profiles/a%20b");
    expect(sent[0]?.headers).toMatchObject({ Authorization: "Bearer vt_p.1" });
  });

  test.each([
    [["photos"], "photos"],
    [["photos", "default"], "default"],
    [["photos", "films"], undefined],
    [[], undefined],
  ])("without a name, of %o, are those of %s", async (names, expected) => {
    answers(Response.json({ profiles: names.map(rules) }));
    expect((await fetchRules("https://uploads.example", null, null))?.name).toBe(expected);
    expect(sent).toEqual([
      { url: "https://uploads.example/v1/profiles", headers: { Accept: "application/json" } },
    ]);
  });

  test.each([Response.json({ code: "forbidden" }, { status: 403 }), Response.json({ something: "else" })])(
    "are null where it tells none",
    async (response) => {
      answers(response);
      expect(await fetchRules("/", "photos", null)).toBeNull();
    },
  );
});

describe("who waits for the rules", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test("has them once they are there; they are asked for once", async () => {
    const fetch = vi.fn(async () => rules("photos"));
    const once = new RulesOnce(fetch);
    expect([once.settled, once.known, fetch.mock.calls.length]).toEqual([false, null, 0]);
    await Promise.all([once.load(), once.load()]);
    expect([once.settled, once.known?.name, fetch.mock.calls.length]).toEqual([true, "photos", 1]);
  });

  test("goes on without them when they cannot be fetched", async () => {
    const once = new RulesOnce(() => Promise.reject(new TypeError("no network")));
    await once.load();
    expect([once.settled, once.known]).toEqual([true, null]);
  });

  test("goes on after two seconds; they count once they come", async () => {
    let answer = (_: ReturnType<typeof rules>) => {};
    const once = new RulesOnce(() => new Promise((resolve) => (answer = resolve)));
    const loaded = once.load();
    await vi.advanceTimersByTimeAsync(1999);
    expect(once.settled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await loaded;
    expect([once.settled, once.known]).toEqual([true, null]);
    answer(rules("photos"));
    await vi.advanceTimersByTimeAsync(0);
    expect(once.known?.name).toBe("photos");
  });
});

describe("a token that was asked for early", () => {
  test("is the uploader's first, and no other", async () => {
    let count = 0;
    const tokens = new FirstToken(() => `t${++count}`);
    expect([await tokens.early(), await tokens.early()]).toEqual(["t1", "t1"]);
    expect([await tokens.next(), await tokens.next()]).toEqual(["t1", "t2"]);
  });

  test("that failed has failed for the uploader, too, which may ask again", async () => {
    let count = 0;
    const tokens = new FirstToken(() => (count++ ? "t" : Promise.reject(new Error("logged out"))));
    await expect(tokens.early()).rejects.toThrow("logged out");
    await expect(tokens.next()).rejects.toThrow("logged out");
    expect([await tokens.next(), count]).toEqual(["t", 2]);
  });

  test("that failed a while ago is asked for anew", async () => {
    vi.useFakeTimers();
    let fails = true;
    const tokens = new FirstToken(() => (fails ? Promise.reject(new Error("logged out")) : "t"));
    await expect(tokens.early()).rejects.toThrow("logged out");
    fails = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(await tokens.next()).toBe("t");
    vi.useRealTimers();
  });
});
