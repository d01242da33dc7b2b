import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { FakeRequest } from "./fake/http";
import { bytesOf, fileOf, world } from "./world";

const on = world();

const isPart = ({ method }: { method: string }) => method === "PUT";
const numberOf = ({ query }: Pick<FakeRequest, "query">) => Number(query.get("partNumber"));
const sentNumbers = () =>
  on.s3.log
    .filter(isPart)
    .map(numberOf)
    .sort((a, b) => a - b);

describe("a file of more than 8 MiB", () => {
  const large = () => new File([new Uint8Array(9 * 2 ** 20)], "large.bin", { type: "application/x-test" });

  test("is asked for in parts, wherever the service would begin with them; a smaller one is not", async () => {
    Object.assign(on.service, { multipartFrom: 2 ** 30, partSize: 2 ** 22 });
    const confirmed = await on.uploader().upload(large()).done;
    expect(on.s3.objects.get(confirmed.id)?.length).toBe(9 * 2 ** 20);
    expect(sentNumbers()).toEqual([1, 2, 3]);
    await on.uploader().upload(fileOf(8000)).done;
    expect([...on.service.uploads.values()].map(({ method }) => method)).toEqual(["multipart", "post"]);
  });

  test("goes in one piece where the storage takes no parts, alone and among others", async () => {
    Object.assign(on.service, { multipartFrom: 2 ** 30, takesParts: false });
    await on.uploader().upload(large()).done;
    const { done } = on.uploader().uploadAll([large(), fileOf(10)]);
    expect((await done).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    expect([...on.service.uploads.values()].map(({ method }) => method)).toEqual(["post", "post", "post"]);
  });

  test("with a checksum or a method of its own is asked for as it says", async () => {
    Object.assign(on.service, { multipartFrom: 2 ** 30, partSize: 2 ** 22 });
    await on.uploader().upload(large(), { checksum: "sha256" }).done;
    await on.uploader().upload(large(), { method: "put", resume: false }).done;
    expect([...on.service.uploads.values()].map(({ method }) => method)).toEqual(["post", "put"]);
  });
});

describe("a large file", () => {
  test("goes in parts, each once, several at a time, signed a few at a time just before", async () => {
    const file = fileOf(20_500);
    on.s3.fault = () => ({ delay: 30 });
    const confirmed = await on.uploader({ connections: 4 }).upload(file).done;
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(file))).toBe(true);
    expect(sentNumbers()).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
    expect(on.s3.mostInFlight).toBeGreaterThan(1);
    expect(on.s3.mostInFlight).toBeLessThanOrEqual(4);
    const signed = on.service.log.filter(({ method, path }) => method === "POST" && path.endsWith("/parts"));
    expect(signed.length).toBeGreaterThan(2); // not all at once
    expect(signed.length).toBeLessThan(10); // and not one by one
  });

  test("sends a part again by itself: cut, refused for a moment, or slowed down", async () => {
    const troubles = new Map([
      [2, { cut: "before", afterBytes: 100 } as const],
      [3, { status: 503, body: "<Error><Code>SlowDown</Code></Error>" }],
      [4, { cut: "after" } as const],
      [5, { status: 400, body: "<Error><Code>RequestTimeout</Code></Error>" }],
    ]);
    on.s3.fault = (asked) => {
      const fault = troubles.get(numberOf(asked));
      troubles.delete(numberOf(asked));
      return fault;
    };
    const file = fileOf(8000);
    const upload = on.uploader().upload(file);
    const confirmed = await upload.done;
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(file))).toBe(true);
    expect(on.service.uploads.size).toBe(1);
    // the first try of 2 never got through; 4 was there, and is not sent again
    expect(sentNumbers()).toEqual([1, 2, 3, 3, 4, 5, 5, 6, 7, 8]);
  });

  test("sends the checksum of each part, where the store wants one", async () => {
    on.service.partChecksum = "sha256";
    on.s3.fault = () => {
      on.s3.fault = () => undefined;
      return { status: 503, body: `<Error><Code>SlowDown</Code></Error>` };
    };
    const file = fileOf(7500);
    const confirmed = await on.uploader({ connections: 3 }).upload(file).done;
    const bytes = await bytesOf(file);
    expect(on.s3.objects.get(confirmed.id)?.equals(bytes)).toBe(true);
    const sent = new Map(on.s3.log.filter(isPart).map((asked) => [numberOf(asked), asked]));
    expect(sent.size).toBe(8);
    for (const [number, { headers }] of sent) {
      const part = bytes.subarray((number - 1) * 1000, number * 1000);
      expect(headers["x-amz-checksum-sha256"]).toBe(createHash("sha256").update(part).digest("base64"));
    }
  });

  test("signs a part anew when its signature has expired, and keeps those that are there", async () => {
    let there: number[] | undefined;
    on.s3.fault = () => {
      const parts = on.s3.parts.get(on.service.only().upload.id);
      if (!there && parts && parts.size >= 3) {
        there = [...parts.keys()];
        on.service.expireAll();
      }
      return undefined;
    };
    const file = fileOf(10_000);
    const confirmed = await on.uploader({ connections: 2 }).upload(file).done;
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(file))).toBe(true);
    const twice = sentNumbers().filter((number, index, all) => all.indexOf(number) !== index);
    expect(twice.length).toBeGreaterThan(0);
    expect(twice.filter((number) => there?.includes(number))).toEqual([]);
  });

  test("signs all parts anew whose signatures expired on the way together, by few calls", async () => {
    let begun = 0;
    on.s3.fault = () => {
      if (++begun === 6) on.service.expireAll(); // a closed laptop
      return { delay: 200 };
    };
    on.service.fault = ({ path }) => (path.endsWith("/parts") ? { delay: 50 } : undefined);
    const file = fileOf(12_000);
    const confirmed = await on.uploader({ connections: 6 }).upload(file).done;
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(file))).toBe(true);
    expect(sentNumbers().length).toBeLessThanOrEqual(24); // the next six were signed before, too
    expect(on.service.count("POST", /\/parts$/)).toBeLessThan(12);
  });

  test("signs a part anew when S3 hangs up on an expired signature before the page can read why", async () => {
    on.s3.fault = ({ query }) => {
      if (on.s3.revoked.has(query.get("signature") ?? "")) return { cut: "before", afterBytes: 100 };
      if (on.s3.log.length === 3) on.service.expireAll();
      return undefined;
    };
    const file = fileOf(10_000);
    const confirmed = await on.uploader({ connections: 2 }).upload(file).done;
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(file))).toBe(true);
    expect(on.s3.revoked.size).toBeGreaterThan(0);
  });

  test("counts its bytes, and takes back those of a part that failed", async () => {
    const seen: number[] = [];
    const upload = on.uploader({ connections: 1 }).upload(fileOf(10_000), {
      onProgress: ({ sent, total }) => {
        expect(total).toBe(10_000);
        seen.push(sent);
      },
    });
    await upload.done;
    expect(seen.at(-1)).toBe(10_000);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  });

  test("fails with the header to expose when CORS hides a part's ETag", async () => {
    on.s3.hideETag = true;
    const upload = on.uploader().upload(fileOf(8000));
    await expect(upload.done).rejects.toMatchObject({ code: "etag_hidden", retryable: false });
    expect(upload.snapshot.error?.detail).toContain('Add "ETag" to the ExposeHeaders of the bucket');
    expect(upload.state).toBe("failed");
  });

  test("sends again what S3 lost or has otherwise, when completion says so", async () => {
    let completions = 0;
    on.service.fault = ({ path }) => {
      if (!path.endsWith("/complete")) return undefined;
      const parts = on.s3.parts.get(on.service.only().upload.id);
      completions++;
      if (completions === 1) parts?.delete(3);
      if (completions === 2) parts?.set(4, { size: 1000, etag: '"other"', body: Buffer.alloc(1000) });
      return undefined;
    };
    const file = fileOf(6000);
    const confirmed = await on.uploader().upload(file).done;
    expect(on.s3.objects.get(confirmed.id)?.equals(await bytesOf(file))).toBe(true);
    expect(sentNumbers()).toEqual([1, 2, 3, 3, 4, 4, 5, 6]);
    expect(completions).toBe(3);
  });

  test("gives up when S3 loses a part again and again", async () => {
    on.service.fault = ({ path }) => {
      if (path.endsWith("/complete")) on.s3.parts.get(on.service.only().upload.id)?.delete(1);
      return undefined;
    };
    await expect(on.uploader().upload(fileOf(6000)).done).rejects.toMatchObject({ code: "parts_missing" });
    expect(on.service.count("POST", /\/complete$/)).toBe(4);
  });

  test("is confirmed when somebody else completed it while we were sending", async () => {
    let ended = false;
    on.s3.fault = (asked) => {
      const { id } = on.service.only().upload;
      if (!ended && numberOf(asked) === 6) {
        ended = true;
        on.s3.parts.delete(id);
        on.s3.objects.set(id, Buffer.alloc(6000));
        const kept = on.service.only();
        kept.upload = { ...kept.upload, state: "confirmed", object: null };
      }
      return undefined;
    };
    expect((await on.uploader({ connections: 1 }).upload(fileOf(6000)).done).state).toBe("confirmed");
  });

  test("leaves the list of parts out of a completion that would be too large for the service", async () => {
    on.s3.etagLength = 4000; // an ETag is opaque; few long ones are as many bytes as thousands of usual ones
    on.service.partSize = 100;
    const confirmed = await on.uploader().upload(fileOf(6000)).done;
    expect(confirmed.state).toBe("confirmed");
    expect(on.service.log.find(({ path }) => path.endsWith("/complete"))?.body.length).toBe(0);
  });

  test("keeps to its number of connections over all files", async () => {
    on.s3.fault = () => ({ delay: 20 });
    const uploader = on.uploader({ connections: 3 });
    const uploads = [1, 2, 3, 4, 5].map((index) => uploader.upload(fileOf(6000, `${index}.bin`)));
    await Promise.all(uploads.map(({ done }) => done));
    expect(on.s3.mostInFlight).toBeGreaterThan(1);
    expect(on.s3.mostInFlight).toBeLessThanOrEqual(3);
  });
});
