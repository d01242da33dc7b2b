import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { defaultEndpoint, pageTickets, setServedAt, urlOf } from "../src/page/page-service";
import { LoggedOut } from "../src/state/logged-out";

let scripts: Array<{ dataset: Record<string, string> }> = [];
let sent: Array<{ url: string; init: RequestInit }> = [];

beforeEach(() => {
  scripts = [{ dataset: { valetkeyTickets: "/files/session/ticket" } }];
  sent = [];
  const querySelector = (selector: string) =>
    selector === "script[data-valetkey-tickets]" ? (scripts[0] ?? null) : null;
  vi.stubGlobal("document", { querySelector });
});
afterEach(() => vi.unstubAllGlobals());

function answers(...responses: Response[]): void {
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    sent.push({ url, init });
    return responses.shift();
  });
}

test("the endpoint is the page's own origin, or where the script came from", () => {
  expect(defaultEndpoint()).toBe("/");
  setServedAt(new URL("..", "https://host.example/app/files/assets/valetkey-element-0A1B2C3D.js"));
  expect(defaultEndpoint()).toBe("https://host.example/app/files/");
});

test.each([
  ["https://app.example/albums/new", "https://app.example/files"],
  ["about:srcdoc", "https://around.example/files"],
  ["about:blank", "https://around.example/files"],
])("a path is resolved on %s", (href, expected) => {
  vi.stubGlobal("location", { href });
  vi.stubGlobal("document", { baseURI: "https://around.example/page" });
  expect([urlOf("/files/"), urlOf("https://uploads.example/")]).toEqual([
    expected,
    "https://uploads.example",
  ]);
});

test("a page that says where gives a ticket for the profile, by a request that a form cannot make", async () => {
  answers(Response.json({ ticket: "vt_p.1" }), Response.json({ ticket: "vt_p.2" }));
  expect(await pageTickets("photos")?.()).toBe("vt_p.1");
  expect(await pageTickets(null)?.()).toBe("vt_p.2");
  expect(sent.map(({ url, init }) => [url, init.method, init.body])).toEqual([
    ["/files/session/ticket", "POST", '{"profile":"photos"}'],
    ["/files/session/ticket", "POST", "{}"],
  ]);
  expect(sent[0]?.init.headers).toMatchObject({ "Content-Type": "application/json" });
});

test("a page that says nothing gives none", () => {
  scripts = [];
  expect(pageTickets("photos")).toBeNull();
});

test("what the application refuses is final, and in its own words", async () => {
  const problem = { code: "unauthenticated", detail: "Nobody is logged in on this page." };
  answers(Response.json(problem, { status: 401 }));
  await expect(pageTickets("photos")?.()).rejects.toMatchObject({
    ...problem,
    status: 401,
    retryable: false,
  });
});

test("the page of a login instead of a ticket is final, too", async () => {
  answers(new Response("<h1>Log in</h1>", { status: 200 }));
  const expected = { code: "token_unavailable", retryable: false, detail: expect.stringContaining("log in") };
  await expect(pageTickets("photos")?.()).rejects.toMatchObject(expected);
});

test("an application that is unavailable is asked again", async () => {
  answers(new Response("down", { status: 503 }), new Response("slow down", { status: 429 }));
  await expect(pageTickets("photos")?.()).rejects.toMatchObject({ retryable: true });
  await expect(pageTickets("photos")?.()).rejects.toMatchObject({ retryable: true });
});

test("an application that says nothing is given up after a minute", async () => {
  vi.useFakeTimers();
  try {
    vi.stubGlobal("fetch", (_: string, { signal }: RequestInit) => {
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    });
    const refused = expect(pageTickets("photos")?.()).rejects.toMatchObject({ name: "AbortError" });
    await vi.advanceTimersByTimeAsync(60_000);
    await refused;
  } finally {
    vi.useRealTimers();
  }
});

test("an application that knows nobody any more is told from one that says no", async () => {
  const refused = async (response: Response) => {
    answers(response);
    return await pageTickets("photos")?.().catch((error: unknown) => error);
  };
  expect(
    await refused(Response.json({ code: "unauthenticated", detail: "Nobody." }, { status: 401 })),
  ).toBeInstanceOf(LoggedOut);
  expect(await refused(new Response("<h1>Log in</h1>", { status: 200 }))).toBeInstanceOf(LoggedOut);
  const forbidden = Response.json({ code: "forbidden", detail: "Not this profile." }, { status: 403 });
  expect(await refused(forbidden)).not.toBeInstanceOf(LoggedOut);
  expect(await refused(new Response("", { status: 502 }))).not.toBeInstanceOf(LoggedOut);
});
