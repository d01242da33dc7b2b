import AsyncStorage from "@react-native-async-storage/async-storage";
import {
  createUploader as createClient,
  type FileOptions,
  type Upload,
  type Uploader,
  type UploaderOptions,
  type UploadGroup,
  type UploadOptions,
  ValetKeyError,
} from "@valetkey/client";
import { File } from "expo-file-system";
import { hasEnded } from "./interrupted";
import { NativeFile, removeOldTemporaryFiles } from "./native-file";
import { placeOf } from "./places";
import { AsyncStorageRecords, handleOf } from "./records";
import { type ExpoTransportOptions, expoTransport } from "./transport";

/** A file of the device: as expo-file-system has it, or its URI. */
export type FileSource = File | string;

export interface NativeUploaderOptions extends UploaderOptions, ExpoTransportOptions {
  /** files from this size on go in parts (64 MiB), unless `method` says otherwise; bytes */
  partsFrom?: number;
}

export type NativeGroupItem = FileSource | ({ file: FileSource } & FileOptions);

export interface NativeUploader extends Omit<Uploader, "upload" | "uploadAll"> {
  /** Starts to upload `file`, or continues an interrupted upload of it. */
  upload(file: FileSource, options?: UploadOptions): Upload;
  /** Starts to upload any number of files, a few at a time. */
  uploadAll(files: Iterable<NativeGroupItem>, options?: UploadOptions): UploadGroup;
  /**
   * Continues all interrupted uploads, for the start of an app. What S3 has already is completed and not sent again;
   * what has expired begins anew. Those whose file is gone or has changed are left out, and expire. What was rejected,
   * aborted or deleted meanwhile, or what the service does not know any more, is left out and forgotten.
   */
  resumeAll(): Promise<Upload[]>;
}

const PARTS_FROM = 64 * 1024 * 1024; // bytes
const LEFT_OUT = new Set(["file_needed", "file_changed", "file_mismatch", "state_conflict"]);

/** An uploader for one service. Records are in AsyncStorage, and files are sent by the system. */
export function createUploader(options: NativeUploaderOptions): NativeUploader {
  const { partsFrom = PARTS_FROM, session = "background", ...common } = options;
  const { records = new AsyncStorageRecords(AsyncStorage) } = common;
  const client = createClient({ transport: expoTransport({ session }), ...common, records });
  removeOldTemporaryFiles();
  const { listInterrupted, inspectInterrupted, resume, discard, forgetAll } = bound(client);
  return {
    listInterrupted,
    inspectInterrupted,
    resume,
    discard,
    forgetAll,
    upload(source, given = {}) {
      const { file, ...own } = itemOf(source, partsFrom, given);
      return endIfChanged(client, client.upload(file, { ...own, ...given }));
    },
    uploadAll(files, given = {}) {
      const group = client.uploadAll(
        Array.from(files, (item) => {
          const { file, ...own } = isSource(item) ? { file: item } : item;
          return { ...itemOf(file, partsFrom, { ...given, ...own }), ...own, file: nativeFile(file) };
        }),
        given,
      );
      for (const upload of group.uploads) endIfChanged(client, upload);
      return group;
    },
    async resumeAll() {
      const uploads: Upload[] = [];
      for (const record of await client.listInterrupted()) {
        if (await hasEnded(record)) {
          await records?.remove(record.id).catch(() => {});
          continue;
        }
        const upload = await client.resume(record).catch(leftOut);
        if (upload) uploads.push(endIfChanged(client, upload));
      }
      return uploads;
    },
  };
}

/** Ends it at the service if its file changes on its way: S3 may have all bytes, and the sweep would confirm them. */
function endIfChanged(client: Uploader, upload: Upload): Upload {
  const end = async (error: unknown) => {
    if (!(error instanceof ValetKeyError && error.code === "file_changed")) return;
    const id = upload.snapshot.upload?.id;
    const record = (await client.listInterrupted()).find((one) => one.id === id);
    if (record) await client.discard(record);
  };
  upload.done.catch(end).catch(() => {}); // then it expires, unless the sweep is first
  return upload;
}

function leftOut(error: unknown): null {
  if (error instanceof ValetKeyError && LEFT_OUT.has(error.code)) return null;
  throw error;
}

/** A PUT sends a file as it is; a form would have to be written first. */
function itemOf(source: FileSource, partsFrom: number, { method }: FileOptions) {
  const file = nativeFile(source);
  return {
    file,
    handle: handleOf(placeOf(file.source.uri)),
    method: method ?? (file.size < partsFrom ? ("put" as const) : ("multipart" as const)),
  };
}

function nativeFile(source: FileSource): NativeFile {
  return new NativeFile(typeof source === "string" ? new File(source) : source);
}

function isSource(item: NativeGroupItem): item is FileSource {
  return typeof item === "string" || item instanceof File;
}

function bound(client: Uploader): Omit<Uploader, "upload" | "uploadAll"> {
  return {
    listInterrupted: () => client.listInterrupted(),
    inspectInterrupted: () => client.inspectInterrupted(),
    resume: async (record, file, watching) =>
      endIfChanged(client, await client.resume(record, file, watching)),
    discard: (record) => client.discard(record),
    forgetAll: () => client.forgetAll(),
  };
}
