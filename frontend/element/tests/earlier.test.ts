import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Localizer } from "../src/language/localizer";
import { fetchEarlier, pageUploads } from "../src/page/earlier-uploads";
import { type EarlierUpload, EarlierUploads, idsIn } from "../src/state/earlier";
import { EarlierItem } from "../src/state/item";
import { ItemList } from "../src/state/item-list";
import { itemStatus } from "../src/state/status-text";
import { totalsOf } from "../src/state/totals";
import { FakeUploader, fileOf } from "./fake";

const idOf = (number: number) => `01a21a44-8d15-70b4-b5c1-${String(number).padStart(12, "0")}`;
const [A, B, C] = [idOf(1), idOf(2), idOf(3)];
const described = (id: string): EarlierUpload => ({
  id,
  filename: `${id.at(-1)}.png`,
  path: null,
  size: 2000,
});

describe("the ids of a value", () => {
  test.each([
    [`${A} ${B}`],
    [`${A},${B}`],
    [`['${A}', '${B}']`], // what Jinja makes of a list
    [JSON.stringify([A, B])],
    [` ${A.toUpperCase()}\n${B} ${A} <script>`],
  ])("are found in %s", (value) => {
    expect(idsIn(value, 10)).toEqual([A, B]);
  });

  test("are none where there is garbage, and no more than the field takes", () => {
    expect(idsIn("None ../../x 1234", 10)).toEqual([]);
    expect(idsIn(`${A} ${B}`, 1)).toEqual([A]);
    const many = Array.from({ length: 1200 }, (_, number) => idOf(number)).join(" ");
    expect(idsIn(many, Number.POSITIVE_INFINITY).length).toBe(1000);
  });
});

describe("uploads of a form that is shown again", () => {
  let told: Array<[string[], readonly string[]]>;
  let failures: number;
  let earlier: EarlierUploads;

  beforeEach(() => {
    told = [];
    failures = 0;
    earlier = new EarlierUploads({
      found: (uploads, asked) => told.push([uploads.map(({ id }) => id), asked]),
      failed: () => failures++,
    });
  });

  test("that the list has already are not waited for: a page may write back what the field told it", () => {
    earlier.name([A, B], [A]);
    expect(earlier.waiting).toEqual([B]);
  });

  test("are waiting until they are described, in their order; who is not described is gone", async () => {
    earlier.name([A, B, C]);
    expect(earlier.waiting).toEqual([A, B, C]);
    await earlier.refresh(async () => [described(C), described(A)]);
    expect([told, earlier.waiting]).toEqual([
      [
        [
          [A, C],
          [A, B, C],
        ],
      ],
      [],
    ]);
    await earlier.refresh(async () => []);
    expect(told.length).toBe(1);
  });

  test("stay where nobody can describe them, and are asked for again", async () => {
    earlier.name([A]);
    await earlier.refresh(async () => Promise.reject(new Error("503")));
    expect([failures, earlier.waiting]).toEqual([1, [A]]);
    await earlier.refresh(async () => [described(A)]);
    expect(told).toEqual([[[A], [A]]]);
  });

  test("do not come back once they are described, but with a reset", async () => {
    earlier.name([A]);
    await earlier.refresh(async () => [described(A)]);
    expect([earlier.name([A, B]), earlier.waiting]).toEqual([[], [B]]);
    expect([earlier.name([B]), earlier.waiting]).toEqual([[A], [B]]);
    earlier.forget();
    earlier.name([A, B]);
    expect(earlier.waiting).toEqual([A, B]);
  });

  test("are not added by an answer that comes when they are named no more", async () => {
    earlier.name([A]);
    let answer = (_: EarlierUpload[]) => {};
    const asked = earlier.refresh(() => new Promise((resolve) => (answer = resolve)));
    earlier.name([]);
    answer([described(A)]);
    await asked;
    expect(told).toEqual([]);
  });
});

test("an upload of before is a confirmed row, in front of all others, and once", () => {
  const service = new FakeUploader();
  const list = new ItemList(
    () => {},
    () => {},
  );
  list.add(
    [fileOf(10)],
    () => null,
    () => ({}),
    service.uploader,
  );
  list.addEarlier([described(A)]);
  expect(list.addEarlier([described(A)])).toEqual([]);
  const [first] = list.items;
  expect(list.items.map(({ confirmedId }) => confirmedId)).toEqual([A, null]);
  expect(first).toBeInstanceOf(EarlierItem);
  expect([first?.name, first?.open, first?.failed, first?.retryable, first?.uploadId]).toEqual([
    "1.png",
    false,
    false,
    false,
    A,
  ]);
  expect(first && itemStatus(first, new Localizer("en"))).toBe("Uploaded · 2 kB");
  expect(totalsOf(list.items)).toMatchObject({ count: 2, confirmed: 1, total: 2010, sent: 2000 });
});

describe("what describes them", () => {
  const sent: Array<{ url: string; init: RequestInit }> = [];
  let script: { dataset: Record<string, string> } | null = {
    dataset: { valetkeyUploads: "/session/uploads" },
  };

  function answers(answer: (url: string, init: RequestInit) => Response): void {
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
      sent.push({ url, init });
      return answer(url, init);
    });
  }

  beforeEach(() => {
    sent.length = 0;
    vi.stubGlobal("document", {
      querySelector: (selector: string) => (selector === "script[data-valetkey-uploads]" ? script : null),
    });
    vi.stubGlobal("location", { href: "https://app.example/albums" });
  });
  afterEach(() => vi.unstubAllGlobals());

  test("is the page, a hundred at a time, for the profile of the field", async () => {
    answers((_, init) =>
      Response.json({ uploads: JSON.parse(String(init.body)).uploads.slice(0, 1).map(described) }),
    );
    const ids = Array.from({ length: 150 }, (_, number) => idOf(number));
    const found = await pageUploads("photos")?.(ids);
    expect(found?.map(({ id }) => id)).toEqual([idOf(0), idOf(100)]);
    expect(
      sent.map(({ url, init }) => [url, init.method, JSON.parse(String(init.body)).uploads.length]),
    ).toEqual([
      ["/session/uploads", "POST", 100],
      ["/session/uploads", "POST", 50],
    ]);
    expect(JSON.parse(String(sent[0]?.init.body)).profile).toBe("photos");
  });

  test("fails where the page says no, or is another page", async () => {
    answers(() => Response.json({ code: "unauthenticated" }, { status: 401 }));
    await expect(pageUploads(null)?.([A])).rejects.toThrow("401");
    answers(() => new Response("<h1>Log in</h1>"));
    await expect(pageUploads(null)?.([A])).rejects.toThrow();
  });

  test("is nobody on a page that does not say", () => {
    script = null;
    expect(pageUploads("photos")).toBeNull();
  });

  test("is the service for a field with a ticket of its own: what that may not see, and what is not confirmed, is left out", async () => {
    answers((url) => {
      if (url.endsWith(A)) return Response.json({ ...described(A), state: "confirmed" });
      if (url.endsWith(B)) return Response.json({ state: "deleted" });
      return Response.json({ code: "upload_not_found" }, { status: 404 });
    });
    const found = await fetchEarlier("https://up.example/", "vt_p.1", [A, B, C]);
    expect(found.map(({ id }) => id)).toEqual([A]);
    expect(sent[0]?.url).toBe(`https://up.example/v1/uploads/${A}`);
    expect(sent[0]?.init.headers).toMatchObject({ Authorization: "Bearer vt_p.1" });
    answers(() => new Response("", { status: 503 }));
    await expect(fetchEarlier("https://up.example/", null, [A])).rejects.toThrow("503");
  });

  test.each([
    [404, "default backend - 404"],
    [200, "<h1>Log in to the network</h1>"],
    [200, '{"status": "ok"}'],
    [404, '{"error": "not found"}'],
  ])(
    "is nobody who answers %i %s in the place of the service: no id is left out by that",
    async (status, body) => {
      answers(() => new Response(body, { status }));
      await expect(fetchEarlier("https://up.example/", null, [A])).rejects.toThrow(`${status}`);
    },
  );
});
