import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Blocked, watchPolicy } from "../src/page/policy";

const host = {} as HTMLElement;
let page = new EventTarget();
let shown: Blocked[] = [];

beforeEach(() => {
  page = new EventTarget();
  shown = [];
  vi.stubGlobal("document", page);
});
afterEach(() => vi.unstubAllGlobals());

function violate(
  effectiveDirective: string,
  blockedURI: string,
  { path = [] as unknown[], disposition = "enforce" } = {},
): void {
  const event = new Event("securitypolicyviolation");
  page.dispatchEvent(
    Object.assign(event, { effectiveDirective, blockedURI, disposition, composedPath: () => path }),
  );
}

test("says once which URL was blocked, and by what, without the signature in it", () => {
  watchPolicy(
    host,
    () => true,
    (blocked) => shown.push(blocked),
  );
  violate("connect-src", "https://s3.example/photos/staging/1?X-Amz-Signature=abc");
  violate("connect-src", "https://s3.example/photos/staging/1?X-Amz-Signature=def");
  violate("connect-src", "https://s3.example/photos/staging/2");
  expect(shown).toEqual([
    { directive: "connect-src", url: "https://s3.example/photos/staging/1" },
    { directive: "connect-src", url: "https://s3.example/photos/staging/2" },
  ]);
});

test("what is in the element is its own, others' images and requests are not", () => {
  let sending = false;
  watchPolicy(
    host,
    () => sending,
    (blocked) => shown.push(blocked),
  );
  violate("img-src", "https://elsewhere.example/a.png");
  violate("connect-src", "https://elsewhere.example/count");
  violate("img-src", "blob", { path: [host] });
  violate("worker-src", "https://elsewhere.example/worker.js");
  sending = true;
  violate("img-src", "https://elsewhere.example/b.png");
  violate("worker-src", "https://photos.example/assets/digests.worker.js");
  expect(shown).toEqual([
    { directive: "img-src", url: "blob" },
    { directive: "worker-src", url: "https://photos.example/assets/digests.worker.js" },
  ]);
});

test("a policy that only reports blocks nothing; and nothing is said any more after the end", () => {
  const end = watchPolicy(
    host,
    () => true,
    (blocked) => shown.push(blocked),
  );
  violate("connect-src", "https://s3.example/", { disposition: "report" });
  end();
  violate("connect-src", "https://s3.example/");
  expect(shown).toEqual([]);
});
