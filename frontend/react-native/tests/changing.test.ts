import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { File } from "expo-file-system";
import { describe, expect, it } from "vitest";
import { NativeFile } from "../src/native-file";
import { bytesOf, leftovers, PART, until, world, written } from "./world";

const on = world();

const changes: Array<[name: string, change: (path: string) => void]> = [
  ["is written over, with the same size", (path) => writeFileSync(path, bytesOf(7 * PART, 17))],
  ["grows", (path) => appendFileSync(path, "more")],
  ["is removed", (path) => rmSync(path)],
];

describe.each(changes)("a file that %s", (_, change) => {
  it("is no longer read, nor any range of it", async () => {
    const uri = written(bytesOf(7 * PART));
    const file = new NativeFile(new File(uri));
    const part = file.slice(0, PART);
    change(fileURLToPath(uri));
    for (const bytes of [file, part, part.slice(1, 2), file.slice(PART), file.slice(5, 5)])
      await expect(bytes.arrayBuffer()).rejects.toThrow();
  });

  it.each(["put", "post", "multipart"] as const)(
    "while it is sent by %s is not confirmed",
    async (method) => {
      const uri = written(bytesOf(7 * PART));
      on.s3.fault = () => ({ delay: 100 });
      const upload = on.started({ connections: 1 }).upload(uri, { method });
      await until(() => on.s3.log.length > 0);
      change(fileURLToPath(uri));
      const wasCopied = method === "post"; // before it was sent: these are the bytes of one moment
      if (wasCopied) await upload.done;
      else {
        await expect(upload.done).rejects.toMatchObject({ code: "file_changed" });
        await until(() => on.service.only().upload.state === "aborted");
        await expect.poll(() => on.started().listInterrupted()).toEqual([]);
      }
      if (method !== "put") expect(leftovers()).toEqual([]);
    },
  );
});
