import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { StorageResponse } from "../src/index";
import type { Operation } from "../src/storage/classify";
import { fetchTransport } from "../src/storage/fetch";
import { errorOf } from "../src/storage/responses";
import { DEFAULT_TIMING } from "../src/storage/transport";
import { xml } from "./fake/s3";
import { bytesOf, fileOf, world } from "./world";

type Means = string | Record<string, string>;
interface List {
  codes: Record<string, { status: number; means: Means }>;
}

const URL_OF_LIST = new URL("../../../service/valetkey/reference/store_answers.json", import.meta.url);
const LIST: List = JSON.parse(readFileSync(URL_OF_LIST, "utf8"));
const OPERATIONS: Operation[] = ["post", "put", "part"];
const FOLDED = new Set(["placement", "unsupported", "missing", "changed"]);

const on = world();

function expected(means: Means, operation: string): string {
  const meaning = typeof means === "string" ? means : (means[operation] ?? means["*"] ?? "");
  return FOLDED.has(meaning) ? "refused" : meaning;
}

/** What a real server on loopback answers to a body. */
async function answered(): Promise<StorageResponse> {
  const request = {
    method: "PUT" as const,
    url: `${on.s3.url}/x`,
    headers: {},
    body: new Blob(["x"]),
    size: 1,
  };
  const { signal } = new AbortController();
  return fetchTransport.send({ ...request, signal, timing: DEFAULT_TIMING, onProgress: () => {} });
}

async function meaning(operation: Operation): Promise<string | undefined> {
  const error = await errorOf(await answered(), operation);
  return error?.code === "file_changed" ? "file" : error?.meaning;
}

describe("every code of the list", () => {
  test.each(OPERATIONS)(
    "means to a %s what the list says, with its status and inside of a 200",
    async (operation) => {
      for (const [code, { status, means }] of Object.entries(LIST.codes)) {
        for (const given of new Set([status, 200])) {
          if (given === 304 || given === 301 || given === 307 || (given > 200 && given < 300)) continue; // fetch follows
          on.s3.fault = () => ({ status: given, body: xml(code, "It is so.") });
          expect([code, given, await meaning(operation)]).toEqual([code, given, expected(means, operation)]);
        }
      }
    },
  );
});

test.each([
  ["post", 412, "", "refused"],
  ["put", 412, "", "look"],
  ["part", 412, "", "refused"],
  ["part", 404, "", "gone"],
  ["post", 404, "", "refused"],
  ["part", 403, "", "fresh"],
  ["part", 403, "OfTomorrow", "fresh"],
  ["part", 400, "OfTomorrow", "refused"],
  ["part", 500, "OfTomorrow", "again"],
  ["part", 400, "KMS.OfTomorrowException", "refused"],
  ["put", 413, "", "refused"],
  ["put", 429, "", "wait"],
  ["put", 502, "", "look"],
  ["put", 504, "", "look"],
  ["put", 524, "", "look"],
  ["put", 521, "", "again"],
  ["put", 503, "", "wait"],
] as const)("to a %s, %i %s means %s", async (operation, status, code, means) => {
  on.s3.fault = () => ({ status, body: code && xml(code, "") });
  expect(await meaning(operation)).toBe(means);
});

test.each([
  "<Error><Code>SlowDown</Code></Error>",
  "\uFEFF<?xml version='1.0' encoding='UTF-8'?>\n<Error>\n  <Code>SlowDown</Code>\n</Error>",
  " \r\n\t<Error xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Code> SlowDown\n</Code></Error>",
  "<s3:Error xmlns:s3='urn:x'><s3:Code xml:lang='en'>SlowDown</s3:Code></s3:Error>",
  "<!-- a proxy was here --><Error><Code><![CDATA[SlowDown]]></Code></Error>",
  '{"code": "SlowDown", "message": "Less, please.", "status": 503}',
  '{"Error": {"Code": "SlowDown"}}',
  '{"error": {"code": "SlowDown"}}',
])("the code is found in %s", async (body) => {
  on.s3.fault = () => ({ status: 400, body });
  expect(await meaning("part")).toBe("wait");
});

describe.each([
  ["by POST", 3000, false],
  ["by PUT", 3000, true],
  ["in parts", 6000, false],
])("a file that goes %s", (_, size, putOnly) => {
  test.each([
    [400, "ExpiredToken"],
    [400, "TokenRefreshRequired"],
    [400, "InvalidToken"],
    [401, ""],
    [403, "RequestTimeTooSkewed"],
    [409, "ConditionalRequestConflict"],
    [409, "OperationAborted"],
    [400, "IncompleteBody"],
    [400, "RequestTimeout"],
    [400, "BadDigest"],
    [503, "SlowDown"],
    [504, ""],
    [200, "OfTomorrow"],
  ])("goes on after %i %s", async (status, code) => {
    on.service.putOnly = putOnly;
    let met = 0;
    on.s3.fault = () => (met++ === 0 ? { status, body: code && xml(code, "") } : undefined);
    const file = fileOf(size);
    const { id } = await on.uploader().upload(file).done;
    expect(on.s3.objects.get(id)?.equals(await bytesOf(file))).toBe(true);
    expect(on.service.uploads.size).toBe(1);
  });

  test.each([
    [400, "InvalidArgument", "storage_refused"],
    [403, "QuotaExceeded", "storage_refused"],
    [400, "InvalidStorageClass", "storage_refused"],
    [501, "NotImplemented", "storage_refused"],
    [400, "BadDigest", "checksum_mismatch"],
    [200, "OfTomorrow", "storage_refused"],
    [200, "<html>Log in</html>", "storage_refused"],
  ])("ends where %i %s stays", async (status, code, end) => {
    on.service.putOnly = putOnly;
    on.s3.fault = () => ({ status, body: code.startsWith("<") ? code : xml(code, "") });
    await expect(on.uploader({ connections: 1 }).upload(fileOf(size)).done).rejects.toMatchObject({
      code: end,
    });
    expect(on.s3.log.length).toBeLessThanOrEqual(3);
  });

  test("is not sent again where the bytes had left, and the service finds them", async () => {
    on.service.putOnly = putOnly;
    let met = 0;
    on.s3.fault = () => (met++ === 0 ? { status: 504, body: "<html>504</html>" } : undefined);
    const usual = on.s3.fault;
    on.s3.fault = (asked) => {
      const fault = usual(asked);
      return fault && { ...fault, keep: true };
    };
    const file = fileOf(size);
    const { id } = await on.uploader({ connections: 1 }).upload(file).done;
    expect(on.s3.objects.get(id)?.equals(await bytesOf(file))).toBe(true);
    expect(on.s3.log.length).toBe(putOnly || size < 5000 ? 1 : 6);
  });
});
