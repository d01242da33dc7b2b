// In the place of @react-native-async-storage/async-storage: a file for each key, below the device.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AsyncStorage } from "@react-native-async-storage/async-storage";
import { device } from "./device";

const folder = () => {
  const path = join(device.root, "storage");
  mkdirSync(path, { recursive: true });
  return path;
};
const fileOf = (key: string) => join(folder(), encodeURIComponent(key));

const storage: Pick<AsyncStorage, "getItem" | "setItem" | "removeItem" | "getAllKeys"> = {
  async getItem(key) {
    try {
      return readFileSync(fileOf(key), "utf8");
    } catch {
      return null;
    }
  },
  async setItem(key, value) {
    writeFileSync(fileOf(key), value);
  },
  async removeItem(key) {
    rmSync(fileOf(key), { force: true });
  },
  async getAllKeys() {
    return readdirSync(folder()).map(decodeURIComponent);
  },
};

export default storage;
