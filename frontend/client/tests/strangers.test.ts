/**
 * Somebody else answers in the place of the service: a portal, a firewall, a proxy whose backend is being exchanged. Reported of others
 * (telerik/nativescript-cloud pull request 86, fisharebest/webtrees 4785): "Unexpected token '<'" ends what was under way. Ours: a 404 of
 * an ingress, or a 403 of a firewall, was taken for "there is no such upload", and what S3 had of it was thrown away.
 */
import { describe, expect, test } from "vitest";
import type { UploadRecord } from "../src/index";
import type { FakeResponse } from "./fake/http";
import { bytesOf, fileOf, interrupted, world } from "./world";

const on = world();

const PAGE = "<!doctype html><title>Log in to the network</title>";

/** What somebody between the page and the service answers: a portal, a firewall, an ingress without a backend. */
const STRANGERS: Array<[string, FakeResponse]> = [
  ["200 and a page", { status: 200, body: PAGE }],
  ["200 and nothing", { status: 200 }],
  ["200 and JSON of its own", { status: 200, body: { status: "ok" } }],
  ["401 and a page", { status: 401, body: PAGE }],
  ["403 and a page", { status: 403, body: PAGE }],
  ["404 and a page", { status: 404, body: "default backend - 404" }],
  ["404 and JSON of its own", { status: 404, body: { error: "not found" } }],
  ["409 and a page", { status: 409, body: PAGE }],
];

async function leave(): Promise<UploadRecord> {
  await interrupted(on.service.url, on.records, fileOf(10_000), 4);
  const [record] = await on.records.list();
  if (!record) throw new Error("nothing was kept");
  return record;
}

describe.each(STRANGERS)("a stranger that answers %s", (_, answer) => {
  test("leaves what was interrupted as it is, and it is listed", async () => {
    const record = await leave();
    on.service.fault = () => answer;
    expect(await on.uploader().inspectInterrupted()).toEqual([{ record, stored: null }]);
    expect(await on.records.list()).toHaveLength(1);
  });

  test("does not make it begin anew", async () => {
    const record = await leave();
    const file = fileOf(10_000);
    on.service.fault = () => answer;
    await expect(on.uploader().upload(file).done).rejects.toMatchObject({ code: "unexpected_answer" });
    on.service.fault = () => undefined;
    const before = on.s3.log.length;
    const { id } = await on.uploader().upload(file).done;
    expect(id).toBe(record.id);
    expect(on.s3.log.length - before).toBe(6);
  });
});

test.each(["/v1/uploads", "/grant", "/parts", "/complete"])(
  "one page of a portal in the place of an answer to %s is a lost answer",
  async (end) => {
    let met = 0;
    on.service.fault = ({ path }) =>
      path.endsWith(end) && met++ === 0 ? { status: 200, body: PAGE, keep: true } : undefined;
    const file = fileOf(10_000);
    const { id } = await on.uploader().upload(file).done;
    expect(on.s3.objects.get(id)?.equals(await bytesOf(file))).toBe(true);
    expect(on.service.uploads.size).toBe(1);
  },
);
