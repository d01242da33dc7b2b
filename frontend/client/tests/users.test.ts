import { describe, expect, test } from "vitest";
import { bytesOf, fileOf, interrupted, world } from "./world";

const on = world();

/** Interrupted by `user`, or by nobody in particular. */
async function left(user: string | null, name = "a.bin"): Promise<File> {
  const file = fileOf(10_000, name);
  const known = new Set((await on.records.list()).map(({ id }) => id));
  await interrupted(on.service.url, on.records, file, 2);
  for (const record of await on.records.list()) {
    if (!known.has(record.id) && user !== null) await on.records.put({ ...record, user });
  }
  return file;
}

const names = async (user?: string) =>
  (await on.uploader(user === undefined ? {} : { user }).listInterrupted()).map(({ file }) => file.name);

describe("another user of the same browser", () => {
  test("is not shown what others left, nor what nobody is known to have left", async () => {
    await left("ada", "ada.bin");
    await left("bob", "bob.bin");
    await left(null, "old.bin");
    expect(await names("ada")).toEqual(["ada.bin"]);
    expect(await names("eve")).toEqual([]);
    expect(await names()).toEqual(["old.bin"]);
    expect((await on.uploader({ user: "eve" }).inspectInterrupted()).length).toBe(0);
  });

  test("does not go on with it, alone or in a group", async () => {
    const file = await left("ada");
    const alone = await on.uploader({ user: "eve" }).upload(file).done;
    expect(on.s3.objects.get(alone.id)?.equals(await bytesOf(file))).toBe(true);
    const group = on.uploader({ user: "eve" }).uploadAll([file]);
    await group.done;
    expect(on.service.uploads.size).toBe(3);
    expect(await names("ada")).toEqual(["a.bin"]);
  });

  test("leaves records of its own", async () => {
    const file = fileOf(10_000);
    on.s3.fault = () => ({ status: 501 });
    const uploader = on.uploader({ user: "ada" });
    await uploader.upload(file).done.catch(() => {});
    expect((await on.records.list()).map(({ user }) => user)).toEqual(["ada"]);
    on.s3.fault = () => undefined;
    const confirmed = await on.uploader({ user: "ada" }).upload(file).done;
    expect(confirmed.id).toBe(on.service.only().upload.id);
  });
});

describe("a sign-out", () => {
  test("forgets what this user left, and what nobody did, and nothing of others", async () => {
    await left("ada", "ada.bin");
    await left("bob", "bob.bin");
    await left(null, "old.bin");
    await on.records.put({
      ...(await on.records.list())[0],
      id: "elsewhere",
      endpoint: "https://x",
    } as never);
    await on.uploader({ user: "ada" }).forgetAll();
    const kept = (await on.records.list()).map(({ user, endpoint, file }) => [user, endpoint, file.name]);
    expect(kept).toEqual([
      ["bob", on.service.url, "bob.bin"],
      ["ada", "https://x", "ada.bin"],
    ]);
  });

  test("aborts what runs, and nothing of it is kept", async () => {
    on.s3.fault = () => ({ delay: 100 });
    const uploader = on.uploader({ user: "ada" });
    const upload = uploader.upload(fileOf(10_000));
    while ((await on.records.list()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await uploader.forgetAll();
    expect(upload.state).toBe("aborted");
    expect(on.service.only().upload.state).toBe("aborted");
    expect(await on.records.list()).toEqual([]);
    on.s3.fault = () => undefined;
    expect((await uploader.upload(fileOf(6000)).done).state).toBe("confirmed");
  });
});
