import { mkdtempSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach } from "vitest";
import { FakeS3 } from "../../client/tests/fake/s3";
import { FakeValetKey } from "../../client/tests/fake/valetkey";
import { createUploader, type NativeUploader, type NativeUploaderOptions } from "../dist/index.js";
import { device, folderOf } from "./stand-ins/device";
import { contentPath, tasks } from "./stand-ins/expo-file-system";

/** A device, a service and a storage of its own for each test. */
export interface World {
  s3: FakeS3;
  service: FakeValetKey;
  /** an app that has just been started: it knows what is on the device, and nothing else */
  started(options?: Partial<NativeUploaderOptions>): NativeUploader;
}

export const PART = 1000; // bytes: the fake service's

export function world(): World {
  const current = {} as World;
  beforeEach(async () => {
    device.root = mkdtempSync(join(tmpdir(), "valetkey-device-"));
    tasks.length = 0;
    current.s3 = new FakeS3();
    await current.s3.start();
    current.service = new FakeValetKey(current.s3);
    await current.service.start();
    current.started = (options) =>
      createUploader({
        endpoint: current.service.url,
        retry: { delay: 5, maxDelay: 20, patience: 15_000 },
        partsFrom: 5 * PART,
        ...options,
      });
  });
  afterEach(async () => {
    await current.service.stop();
    await current.s3.stop();
  });
  return current;
}

export function bytesOf(size: number, seed = 31): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, at) => (at * seed + (at >> 8)) % 251));
}

/** Writes a file of the device; its URI. */
export function written(bytes: Buffer, name = "film.mp4"): string {
  const path = join(folderOf("document"), name);
  writeFileSync(path, bytes);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  return pathToFileURL(path).href;
}

/** Writes a file of another app; its URI, by which nobody tells when it changed. */
export function offered(bytes: Buffer): string {
  const uri = "content://example.provider/document/video%3A42";
  writeFileSync(contentPath(uri), bytes);
  return uri;
}

/** What the adapter has left among the files that the system may remove. */
export function leftovers(): string[] {
  return readdirSync(join(folderOf("cache"), "valetkey"), { recursive: true }).map(String);
}

/** Waits until `true`, for most of a minute. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue(); tries++) {
    if (tries > 4500) throw new Error("it did not come to pass");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
