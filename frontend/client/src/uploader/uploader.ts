import { NEVER } from "../async/abort";
import { Semaphore } from "../async/semaphore";
import { type FileLike, fillType } from "../files/file";
import { assertSameFacts, assertSameFingerprint, emptyFile, openFile } from "../interrupted/file";
import { IndexedDBRecords } from "../interrupted/indexeddb";
import type { InterruptedUpload } from "../interrupted/inspect";
import { Journal, type LockedRecord } from "../interrupted/journal";
import { type RecordStore, specKey, specOf, type UploadRecord } from "../interrupted/records";
import { ValetKeyError } from "../model/errors";
import { DEFAULT_RETRY, type RetryPolicy } from "../retry/retry";
import { isForgotten } from "../service/calls";
import { Service, type Token } from "../service/service";
import { fetchTransport } from "../storage/fetch";
import { Storage } from "../storage/storage";
import { DEFAULT_TIMING, type Timing, type Transport } from "../storage/transport";
import { xhrTransport } from "../storage/xhr";
import { type FileOptions, type Job, newJob } from "../transfer/job";
import type { Create, TransferContext } from "../transfer/transfer";
import { BatchCreator, createOne } from "./create";
import { RunningGroup, type UploadGroup } from "./group";
import { RunningUpload, type Upload, type WatchOptions } from "./upload";

export interface UploaderOptions {
  /** the service's URL, such as "https://uploads.example.com"; a path is resolved against the page's origin */
  endpoint: string | URL;
  /** the ticket that your backend got from `POST /v1/tickets`, or a function that gets one; it is called again after a 401 or 403 */
  token?: Token;
  /** for files without a profile of their own (default: the ticket's own, or "default") */
  profile?: string;
  /** requests to S3 at once, over all files (6, which is what browsers allow to one host) */
  connections?: number;
  retry?: Partial<RetryPolicy>;
  /** where interrupted uploads are recorded (IndexedDB); null: nowhere */
  records?: RecordStore | null;
  /** who uses the page, by a key of yours: interrupted uploads of others are neither listed nor resumed */
  user?: string;
  /** how long requests to S3, and above all their responses, may take */
  timing?: Partial<Timing>;
  /** how bytes are sent (XMLHttpRequest if there is one, else fetch) */
  transport?: Transport;
}

export type UploadOptions = FileOptions & WatchOptions;

/** One of several files: by itself, or with options of its own, which override those for all. */
export type GroupItem = FileLike | ({ file: FileLike } & FileOptions);

export interface Uploader {
  /** Starts to upload `file`, or continues an interrupted upload of it. */
  upload(file: FileLike, options?: UploadOptions): Upload;
  /** Starts to upload any number of files, a few at a time. */
  uploadAll(files: Iterable<GroupItem>, options?: UploadOptions): UploadGroup;
  /** Lists the records of interrupted uploads that are not running in any page, oldest first. */
  listInterrupted(): Promise<UploadRecord[]>;
  /**
   * The same, with what S3 has of each, as the service says. Uploads that have ended or that the service does not know are left out,
   * and their records removed.
   */
  inspectInterrupted(): Promise<InterruptedUpload[]>;
  /**
   * Resumes an interrupted upload. Without `file` the record needs a handle, and the call has to come from a click, since
   * the browser may ask for permission; or S3 has all bytes: the upload's `file` is empty then. Rejects with `file_needed`,
   * `file_changed` or `file_mismatch`; with `state_conflict` if it is already running, here or in another tab.
   */
  resume(record: UploadRecord, file?: FileLike | null, watching?: WatchOptions): Promise<Upload>;
  /** Aborts an interrupted upload, here and at the service. Rejects, and keeps the record, if the service is unavailable. */
  discard(record: UploadRecord): Promise<void>;
  /**
   * For a sign-out: running uploads of this uploader are aborted, as by `abort()`, and every record of this endpoint is
   * removed that belongs to this `user`, or has no owner. Interrupted uploads are not aborted at the service, where they expire;
   * uploads in other windows keep running. Rejects if the record store fails.
   */
  forgetAll(): Promise<void>;
}

const CONFIRMING = 50; // uploads that are confirmed at once

/** An uploader for one service. It makes no request until it is given a file. */
export function createUploader(options: UploaderOptions): Uploader {
  return new ServiceUploader(options);
}

class ServiceUploader implements Uploader {
  readonly #endpoint: string;
  readonly #profile: string;
  readonly #context: TransferContext;
  readonly #running = new Set<Upload>();

  constructor({ endpoint, token, profile, connections = 6, ...options }: UploaderOptions) {
    const { retry, records, transport, timing, user } = options;
    this.#endpoint = new URL(endpoint, pageUrl()).href.replace(/\/+$/, "");
    this.#profile = profile ?? "";
    const permits = new Semaphore(connections);
    this.#context = {
      service: new Service(this.#endpoint, token),
      storage: new Storage(
        transport ?? (globalThis.XMLHttpRequest ? xhrTransport : fetchTransport),
        permits,
        {
          ...DEFAULT_TIMING,
          ...timing,
        },
      ),
      journal: new Journal(records === undefined ? browserRecords() : records, this.#endpoint, user ?? null),
      retryPolicy: { ...DEFAULT_RETRY, ...retry },
      sending: new Semaphore(connections),
      confirming: new Semaphore(CONFIRMING),
      parallel: connections,
    };
  }

  upload(file: FileLike, options: UploadOptions = {}): Upload {
    const job = newJob(file, options, this.#endpoint, this.#profile);
    const lockInterrupted = async () => {
      await fillType(job.spec.file);
      return job.resume ? this.#context.journal.lockMatching(job.spec) : null;
    };
    return this.#start({ ...job, lockInterrupted }, createOne(this.#context.service), options);
  }

  uploadAll(files: Iterable<GroupItem>, options: UploadOptions = {}): UploadGroup {
    const { signal, onProgress, ...common } = options;
    const jobs = Array.from(files, (item) => this.#jobInGroup(item, common));
    const batch = new BatchCreator(this.#context.service, jobs);
    const matched = this.#match(jobs, batch);
    for (const job of jobs) job.lockInterrupted = async () => this.#lock((await matched).get(job));
    const watching = signal ? { signal } : {};
    return new RunningGroup(
      jobs.map((job) => this.#start(job, batch.create, watching)),
      onProgress,
    );
  }

  listInterrupted(): Promise<UploadRecord[]> {
    return this.#context.journal.listInterrupted();
  }

  async inspectInterrupted(): Promise<InterruptedUpload[]> {
    const { service, journal } = this.#context;
    const calls = new Semaphore(this.#context.parallel);
    const look = async (record: UploadRecord) => {
      const found = await calls.use(NEVER, () => inspectRecord(service, record));
      if (!found) await journal.remove(record.id);
      return found ?? [];
    };
    return (await Promise.all((await this.listInterrupted()).map(look))).flat();
  }

  async resume(record: UploadRecord, file?: FileLike | null, watching: WatchOptions = {}): Promise<Upload> {
    if (file) assertSameFacts(record, file);
    const found = file ?? (await openFile(record).catch((error) => this.#fileNotNeeded(record, error)));
    await assertSameFingerprint(record, found);
    const locked = await this.#lock(record);
    if (!locked) throw underWay();
    const { handle } = record;
    const plain = newJob(found, handle ? { handle } : {}, this.#endpoint, this.#profile);
    const job = { ...plain, spec: specOf(record), mustMatch: true, lockInterrupted: async () => locked };
    const upload = this.#start(job, createOne(this.#context.service), watching);
    upload.done.catch(locked.release); // also where it ended before it began
    return upload;
  }

  async discard(record: UploadRecord): Promise<void> {
    const { service, journal } = this.#context;
    const locked = await this.#lock(record);
    if (!locked) throw underWay();
    try {
      await service.abort(record.id, record.ticket, NEVER).catch((error: unknown) => {
        if (!isForgotten(error)) throw error; // else it has ended
      });
      await journal.remove(record.id);
    } finally {
      locked.release();
    }
  }

  async forgetAll(): Promise<void> {
    const ends = [...this.#running].map((upload) => upload.abort());
    await this.#context.journal.clear();
    await Promise.all(ends);
  }

  /** An empty file if S3 has all bytes, so that nobody needs the file; else throws `error`. */
  async #fileNotNeeded(record: UploadRecord, error: unknown): Promise<FileLike> {
    const found = await inspectRecord(this.#context.service, record);
    if (found?.stored === record.file.size) return emptyFile(record);
    throw error;
  }

  #start(job: Job, create: Create, watching: WatchOptions): Upload {
    const upload = new RunningUpload(job, this.#context, create, watching);
    this.#running.add(upload);
    const end = () => this.#running.delete(upload);
    upload.done.then(end, end);
    return upload;
  }

  #jobInGroup(item: GroupItem, common: FileOptions): Job {
    const { file, ...own } = "file" in item ? item : { file: item }; // a file of another frame is no Blob of this one
    return {
      ...newJob(file, { ...common, ...own }, this.#endpoint, this.#profile),
      lockInterrupted: async () => null,
    };
  }

  /** Finds the jobs that continue interrupted uploads, with one look at the records. */
  async #match(jobs: Job[], batch: BatchCreator): Promise<Map<Job, UploadRecord>> {
    await Promise.all(jobs.map(({ spec }) => fillType(spec.file)));
    const records = new Map((await this.listInterrupted()).map((record) => [specKey(record), record]));
    const matched = new Map<Job, UploadRecord>();
    if (records.size === 0) return matched;
    for (const job of jobs) {
      const key = specKey(job.spec);
      const record = job.resume && records.get(key);
      if (!record) continue;
      records.delete(key);
      matched.set(job, record);
      batch.skip(job);
    }
    return matched;
  }

  async #lock(record: UploadRecord | undefined): Promise<LockedRecord | null> {
    const release = record && (await this.#context.journal.lock(record.id));
    return release ? { record, release } : null;
  }
}

/** What `inspect` finds; it is rarely needed, so it is imported then. */
async function inspectRecord(service: Service, record: UploadRecord): Promise<InterruptedUpload | null> {
  const it = await import("../interrupted/inspect").catch(() => null);
  return it ? it.inspect(service, record) : { record, stored: null };
}

function underWay(): ValetKeyError {
  return new ValetKeyError("state_conflict", "This upload is already running, perhaps in another window.");
}

/** What a path is resolved against. A frame's document may be the only one to know; on a server, where nothing is sent, any will do. */
function pageUrl(): string {
  const page = globalThis.location?.href ?? "http://localhost";
  return page.startsWith("about:") ? globalThis.document.baseURI : page;
}

/** IndexedDB, where there is one and the browser lets us look. */
function browserRecords(): RecordStore | null {
  try {
    return globalThis.indexedDB ? new IndexedDBRecords() : null;
  } catch {
    return null;
  }
}
