import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder in the place of a device's storage. It outlives an app that is ended, and may be moved as iOS does. */
export const device = {
  root: process.env.VALETKEY_DEVICE ?? mkdtempSync(join(tmpdir(), "valetkey-device-")),
};

/** One of its folders, made. */
export function folderOf(name: "cache" | "content" | "document"): string {
  const folder = join(device.root, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
