import { expect, it } from "vitest";
import { AsyncStorageRecords, type UploadRecord } from "../dist/index.js";

const record = (id: string) => ({ id, endpoint: "https://uploads.example", createdAt: 1 }) as UploadRecord;

/** As AsyncStorage on Android, which rejects a row that is too large for its window: "Row too big to fit into CursorWindow". */
it("lists the other records where one cannot be read, or is none", async () => {
  const kept = new Map<string, string>();
  const records = new AsyncStorageRecords({
    getAllKeys: async () => [...kept.keys()],
    getItem: async (key) => {
      if (key.endsWith("large")) throw new Error("Row too big to fit into CursorWindow");
      return kept.get(key) ?? null;
    },
    setItem: async (key, value) => void kept.set(key, value),
    removeItem: async (key) => void kept.delete(key),
  });
  for (const id of ["a", "large", "b"]) await records.put(record(id));
  kept.set("valetkey:cut", '{"id": "cut", ');
  kept.set("valetkey:null", "null");
  expect((await records.list()).map(({ id }) => id)).toEqual(["a", "b"]);
});
