import { afterEach, beforeEach } from "vitest";
import {
  createUploader,
  MemoryRecords,
  type RecordStore,
  type Uploader,
  type UploaderOptions,
  type UploadOptions,
} from "../src/index";
import { fetchTransport } from "../src/storage/fetch";
import { FakeS3 } from "./fake/s3";
import { FakeValetKey } from "./fake/valetkey";

/** A service and a storage of its own for each test. */
export interface World {
  s3: FakeS3;
  service: FakeValetKey;
  records: MemoryRecords;
  uploader(options?: Partial<UploaderOptions>): Uploader;
}

export function world(): World {
  const current = {} as World;
  beforeEach(async () => {
    current.s3 = new FakeS3();
    await current.s3.start();
    current.service = new FakeValetKey(current.s3);
    await current.service.start();
    current.records = new MemoryRecords();
    current.uploader = (options) =>
      createUploader({
        endpoint: current.service.url,
        records: current.records,
        retry: { delay: 5, maxDelay: 20, patience: 15_000 },
        ...options,
      });
  });
  afterEach(async () => {
    await current.service.stop();
    await current.s3.stop();
  });
  return current;
}

/** A file whose bytes differ from place to place. */
export function fileOf(size: number, name = "a.bin", type = "application/x-test"): File {
  const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) % 251);
  return new File([bytes], name, { type, lastModified: 1_700_000_000_000 });
}

export async function bytesOf(file: Blob): Promise<Buffer> {
  return Buffer.from(await file.arrayBuffer());
}

/** Sends `parts` of `file`, and stands still then as a closed page does: nothing is told to anybody. */
export async function interrupted(
  endpoint: string,
  records: RecordStore,
  file: File,
  parts: number,
  options?: UploadOptions,
) {
  let sent = 0;
  const standing = new Promise<void>((stand) => {
    const send: typeof fetchTransport.send = (request) => {
      if (sent++ < parts) return fetchTransport.send(request);
      stand();
      return new Promise(() => {});
    };
    createUploader({ endpoint, records, connections: 1, transport: { send } }).upload(file, options);
  });
  await standing;
}
