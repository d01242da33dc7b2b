import { describe, expect, test, vi } from "vitest";
import { type UploadSnapshot, ValetKeyError } from "../src/index";
import { problem } from "./fake/valetkey";
import { bytesOf, fileOf, world } from "./world";

const on = world();

describe("a file that goes in one request", () => {
  test("is confirmed, and is what was picked", async () => {
    const file = fileOf(3000, "Grüße 🌍.png", "image/png");
    const upload = on.uploader().upload(file, { profile: "avatar", metadata: { album: "夏" } });
    const confirmed = await upload.done;
    expect(confirmed).toMatchObject({
      state: "confirmed",
      filename: "Grüße 🌍.png",
      content_type: "image/png",
    });
    expect(confirmed).toMatchObject({ profile: "avatar", metadata: { album: "夏" }, size: 3000 });
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(file))).toBe(true);
    expect(upload.snapshot).toMatchObject({ state: "confirmed", error: null, waiting: null });
    expect(upload.progress).toMatchObject({ sent: 3000, total: 3000, fraction: 1, secondsLeft: 0 });
  });

  test("goes by PUT where the store has no POST, without the headers that only browsers set", async () => {
    on.service.putOnly = true;
    const file = fileOf(100);
    const confirmed = await on.uploader().upload(file).done;
    expect(on.s3.log[0]?.method).toBe("PUT");
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(file))).toBe(true);
  });

  test.each(["Invoice; name=John.pdf", 'a"; name="key', "; name=acl"])("may be called %s", async (name) => {
    const confirmed = await on.uploader().upload(fileOf(100, name)).done;
    expect([confirmed.filename, on.s3.log.map(({ method }) => method)]).toEqual([name, ["POST"]]);
  });

  test("may be empty and may have no type", async () => {
    const upload = on.uploader().upload(new File([], "empty"));
    expect(await upload.done).toMatchObject({ size: 0, content_type: "application/octet-stream" });
    expect(upload.progress.fraction).toBe(1);
  });

  test("of a folder is created with its path; one that was chosen by itself has none", async () => {
    const inFolder = Object.defineProperty(fileOf(10, "a.txt"), "webkitRelativePath", {
      value: "trip/day 1/a.txt",
    });
    const { uploads } = on.uploader().uploadAll([inFolder, fileOf(20)]);
    const confirmed = await Promise.all(uploads.map(({ done }) => done));
    expect(confirmed.map(({ path }) => path)).toEqual(["trip/day 1/a.txt", null]);
  });

  test("shows each state on its way, and takes a listener that throws", async () => {
    const upload = on.uploader().upload(fileOf(10));
    const states: string[] = [];
    upload.subscribe(() => {
      throw new Error("a bug of the page");
    });
    upload.subscribe(({ state }: UploadSnapshot) => states.at(-1) !== state && states.push(state));
    await upload.done;
    expect(states).toEqual(["queued", "creating", "sending", "confirming", "confirmed"]);
  });

  test("survives connections that are cut in the middle and answers that are lost, as one upload", async () => {
    const faults = [{ cut: "before", afterBytes: 50 }, { cut: "after" }] as const;
    let s3Calls = 0;
    let creations = 0;
    let completions = 0;
    on.s3.fault = () => faults[s3Calls++];
    on.service.fault = ({ path }) => {
      if (path === "/v1/uploads") return creations++ === 0 ? { cut: "after" } : undefined;
      return path.endsWith("/complete") && completions++ === 0 ? { cut: "after" } : undefined;
    };
    const confirmed = await on.uploader().upload(fileOf(3000)).done;
    expect(confirmed.state).toBe("confirmed");
    expect(on.service.uploads.size).toBe(1); // the idempotency key made the second creation the first
    // after each cut the service is asked before anything is sent again, twice after the first, as its answer was lost
    expect([s3Calls, creations, completions]).toEqual([2, 2, 4]);
  });

  test("waits as long as the service asks, and says why", async () => {
    let asked = 0;
    on.service.fault = () =>
      asked++ === 0 ? problem(429, "too_many_requests", "Slow down.", { "Retry-After": "1" }) : undefined;
    const upload = on.uploader().upload(fileOf(10));
    const waits: UploadSnapshot["waiting"][] = [];
    upload.subscribe(({ waiting }) => waiting && waits.push(waiting));
    const before = Date.now();
    await upload.done;
    expect(Date.now() - before).toBeGreaterThanOrEqual(1000);
    expect(waits[0]).toMatchObject({
      reason: "retry",
      attempt: 1,
      error: { code: "too_many_requests", status: 429 },
    });
    expect(upload.snapshot.waiting).toBeNull();
  });

  test("keeps trying while the service is away, and fails when patience ends, with the reason", async () => {
    on.service.fault = () => problem(503, "ledger_unavailable", "The ledger is away.");
    const upload = on.uploader({ retry: { delay: 5, maxDelay: 20, patience: 1500 } }).upload(fileOf(10));
    await expect(upload.done).rejects.toMatchObject({
      code: "ledger_unavailable",
      status: 503,
      retryable: true,
    });
    expect(upload.snapshot).toMatchObject({ state: "failed", error: { code: "ledger_unavailable" } });
    expect(on.service.log.length).toBeGreaterThan(2);
  });

  test("goes on when a service comes back that was not there at all", async () => {
    const port = Number(new URL(on.service.url).port);
    await on.service.stop();
    const upload = on.uploader().upload(fileOf(10));
    const codes = new Set<string | undefined>();
    upload.subscribe(({ waiting }) => codes.add(waiting?.error?.code));
    setTimeout(() => void on.service.start(port), 200);
    expect((await upload.done).state).toBe("confirmed");
    expect(codes).toContain("service_unreachable");
  });

  test("is sent with a fresh grant when the first has expired, as the same upload", async () => {
    on.s3.fault = () => {
      if (on.s3.log.length === 0) on.service.expireAll();
      return undefined;
    };
    const confirmed = await on.uploader().upload(fileOf(100)).done;
    expect(on.service.only().upload.id).toBe(confirmed.id);
    expect(on.service.count("POST", /\/grant$/)).toBe(1);
    expect(on.s3.log.length).toBe(2);
  });

  test("is sent with a fresh grant when S3 hangs up on the first before the page can read why", async () => {
    const renewals = () => on.service.count("POST", /\/grant$/);
    on.s3.fault = () => (renewals() === 0 ? { cut: "before", afterBytes: 50 } : undefined);
    const confirmed = await on.uploader().upload(fileOf(100)).done;
    expect(on.service.only().upload.id).toBe(confirmed.id);
    expect(renewals()).toBe(1);
  });

  test("fails with S3's own words when a fresh grant is refused, too", async () => {
    on.s3.fault = () => ({
      status: 403,
      body: "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
    });
    const failure = {
      code: "storage_refused",
      status: 403,
      detail: "The storage refused the file (AccessDenied: no).",
    };
    await expect(on.uploader().upload(fileOf(100)).done).rejects.toMatchObject(failure);
    expect(on.s3.log.length).toBe(2);
  });

  test("is not sent again where its response was lost: the service finds it", async () => {
    on.service.putOnly = true;
    on.s3.fault = () => ({ cut: "after" });
    await on.uploader().upload(fileOf(100)).done;
    expect(on.s3.log.length).toBe(1);
  });

  test("is confirmed when S3 says that it has it already, though the service did not see it yet", async () => {
    on.service.putOnly = true;
    on.service.looks = 1;
    on.s3.fault = () => (on.s3.log.length === 0 ? { cut: "after" } : undefined);
    await on.uploader().upload(fileOf(100)).done;
    expect(on.s3.log.length).toBe(2); // the second got a 412
  });

  test("is not sent again before the service has said that it is not there, however often asking fails", async () => {
    let asked = 0;
    on.s3.fault = () => ({ cut: "after" });
    on.service.fault = ({ path }) =>
      path.endsWith("/complete") && asked++ < 3 ? { cut: "before" } : undefined;
    await on.uploader().upload(fileOf(100)).done;
    expect(on.s3.log.length).toBe(1);
    expect(asked).toBeGreaterThan(3);
  });

  test("that arrives though CORS rules hide every response is confirmed, and sent once", async () => {
    vi.stubGlobal("location", { origin: "https://page.example", href: "https://page.example/" });
    on.s3.fault = ({ method }) => (method === "POST" ? { cut: "after" } : undefined);
    const codes: unknown[] = [];
    const uploader = on.uploader();
    for (const name of ["1", "2"]) {
      const upload = uploader.upload(fileOf(100, name));
      upload.subscribe(({ waiting }) => codes.push(waiting?.error?.code));
      await upload.done.finally(() => name === "2" && vi.unstubAllGlobals());
    }
    expect(codes).toContain("cors_forbidden");
    expect(on.s3.count("POST", /./)).toBe(2);
  });

  test("goes on where a storage takes a connection, and says nothing to whether it is there", async () => {
    vi.stubGlobal("location", { origin: "https://page.example", href: "https://page.example/" });
    let met = 0;
    on.s3.fault = ({ method }) => {
      if (method === "GET") return { delay: 600_000 };
      return met++ === 0 ? { cut: "before" } : undefined;
    };
    const upload = on.uploader().upload(fileOf(100));
    expect((await upload.done.finally(() => vi.unstubAllGlobals())).state).toBe("confirmed");
  }, 60_000);

  test("is asked for until the service has made up its mind", async () => {
    on.service.looks = 3;
    await on.uploader().upload(fileOf(100)).done;
    expect(on.service.count("POST", /\/complete$/)).toBe(4);
  });

  test("fails as not_arrived when the service never finds it", async () => {
    on.service.looks = 1e9;
    const uploader = on.uploader({ retry: { patience: 100 } });
    await expect(uploader.upload(fileOf(100)).done).rejects.toMatchObject({ code: "not_arrived" });
  });

  test("that is rejected has the reason as its error's code, and leaves no record", async () => {
    on.service.reject = { code: "type_mismatch", detail: "It is no image." };
    const upload = on.uploader().upload(fileOf(100));
    await expect(upload.done).rejects.toMatchObject({
      name: "UploadRejected",
      code: "type_mismatch",
      detail: "It is no image.",
    });
    expect(upload.state).toBe("rejected");
    expect(await on.records.list()).toEqual([]);
  });

  test("that the profile does not allow fails at once, with the problem's code", async () => {
    const upload = on.uploader().upload(fileOf(100), { profile: "nosuch" });
    await expect(upload.done).rejects.toMatchObject({
      code: "unknown_profile",
      status: 422,
      retryable: false,
    });
    expect(on.service.log.length).toBe(1);
  });

  test.each<[number, string]>([
    [401, "unauthenticated"],
    [403, "ticket_used_up"],
  ])("gets a new token when the old one is answered with %i", async (status, code) => {
    on.service.token = "second";
    on.service.refusal = [status, code];
    const tokens = ["first", "second"];
    await on.uploader({ token: async () => tokens.shift() ?? "none" }).upload(fileOf(10)).done;
    expect(tokens).toEqual([]);
    await expect(on.uploader({ token: "first" }).upload(fileOf(10)).done).rejects.toMatchObject({ code });
  });

  test("an error of ours from the function for the token is the upload's own, and is not tried again", async () => {
    let asked = 0;
    const token = async () => {
      asked++;
      throw new ValetKeyError("unauthenticated", "Log in.", { status: 401 });
    };
    await expect(on.uploader({ token }).upload(fileOf(10)).done).rejects.toMatchObject({
      code: "unauthenticated",
      detail: "Log in.",
    });
    expect(asked).toBe(1);
  });

  test("carries its SHA-256 when that is asked for, whether it is small or large", async () => {
    const { createHash } = await import("node:crypto");
    for (const size of [1000, 9 * 1024 * 1024]) {
      const file = fileOf(size);
      const { checksum } = await on.uploader().upload(file, { checksum: "sha256" }).done;
      const expected = createHash("sha256")
        .update(await bytesOf(file))
        .digest("base64");
      expect(checksum).toEqual({ algorithm: "sha256", value: expected });
    }
  });
});
