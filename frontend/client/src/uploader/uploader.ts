import { Slots } from "../async/semaphore";
import { type FileLike, settleType } from "../files/file";
import { assertSame, assertSample, fileOf, standIn } from "../interrupted/file";
import { IndexedDBRecords } from "../interrupted/indexeddb";
import { type UnfinishedUpload, unfinished } from "../interrupted/inspect";
import { type Claimed, Journal } from "../interrupted/journal";
import { type RecordStore, type UploadRecord, wishKey, wishOf } from "../interrupted/records";
import { typed, ValetKeyError } from "../model/errors";
import { DEFAULT_RETRY, type RetryPolicy } from "../retry/retry";
import { Service, type Token } from "../service/service";
import { fetchTransport } from "../storage/fetch";
import { Storage } from "../storage/storage";
import { DEFAULT_TIMING, type Timing, type Transport } from "../storage/transport";
import { xhrTransport } from "../storage/xhr";
import { type FileOptions, type Job, jobOf } from "../transfer/job";
import type { Create, Roads } from "../transfer/transfer";
import { BatchCreator, createAlone } from "./create";
import { RunningGroup, type UploadGroup } from "./group";
import { RunningUpload, type Upload, type Watching } from "./upload";

export interface UploaderOptions {
  /** where the service is, such as "https://uploads.example.com"; a path is taken from the page's origin */
  endpoint: string | URL;
  /** what `POST /v1/tickets` gave your backend, or how to get it. A function is asked again when a token has died. */
  token?: Token;
  /** for files that name no other (left out: the ticket's own, or "default") */
  profile?: string;
  /** requests to S3 at once, over all files (6, which is what browsers allow to one host) */
  connections?: number;
  retry?: Partial<RetryPolicy>;
  /** where interrupted uploads are kept (IndexedDB); null: nowhere */
  records?: RecordStore | null;
  /** who uses the page, by a key of yours: interrupted uploads of others are neither shown nor gone on with */
  user?: string;
  /** how long requests to S3 may take; their answers above all */
  timing?: Partial<Timing>;
  /** how bytes travel (XMLHttpRequest where there is one, else fetch) */
  transport?: Transport;
}

export type UploadOptions = FileOptions & Watching;

/** One of several files: by itself, or with words of its own, which go before those for all. */
export type GroupItem = FileLike | ({ file: FileLike } & FileOptions);

export interface Uploader {
  /** Starts to upload `file`, or goes on with an interrupted upload of it. */
  upload(file: FileLike, options?: UploadOptions): Upload;
  /** Starts to upload any number of files, a few at a time. */
  uploadAll(files: Iterable<GroupItem>, options?: UploadOptions): UploadGroup;
  /** Interrupted uploads that nobody works on, oldest first. */
  resumable(): Promise<UploadRecord[]>;
  /**
   * The same, with what S3 has of each. Those that have ended or that the service has forgotten are left out, and forgotten
   * here, too.
   */
  unfinished(): Promise<UnfinishedUpload[]>;
  /**
   * Goes on with an interrupted upload. Without `file` the record needs a handle, and the call has to come from a click, since
   * the browser may ask; or S3 has all bytes: the upload's `file` is then an empty one. Rejects with `file_needed`,
   * `file_changed` or `file_mismatch`; with `state_conflict` when it is under way, here or in another tab.
   */
  resume(record: UploadRecord, file?: FileLike | null, watching?: Watching): Promise<Upload>;
  /** Gives an interrupted upload up, here and at the service. Rejects, and keeps it, when the service cannot be told. */
  discard(record: UploadRecord): Promise<void>;
  /**
   * For a sign-out: uploads of this uploader that run are aborted, as by `abort()`, and every record of this endpoint is
   * removed that is this `user`'s, or nobody's. What was interrupted is not told to the service, where it expires by itself;
   * what runs in other windows goes on there. Rejects when the storage of records fails.
   */
  forgetAll(): Promise<void>;
}

const GONE = new Set([401, 403, 404, 409]); // the service has forgotten or ended it, or its ticket has died
const CONFIRMING = 50; // uploads that the service is asked about at once
const FOREVER = new AbortController().signal;

/** An uploader for one service. It does nothing until it is given a file. */
export function createUploader(options: UploaderOptions): Uploader {
  return new ServiceUploader(options);
}

class ServiceUploader implements Uploader {
  readonly #endpoint: string;
  readonly #profile: string;
  readonly #roads: Roads;
  readonly #running = new Set<Upload>();

  constructor({ endpoint, token, profile, connections = 6, ...options }: UploaderOptions) {
    const { retry, records, transport, timing, user } = options;
    this.#endpoint = new URL(endpoint, globalThis.location?.href).href.replace(/\/+$/, "");
    this.#profile = profile ?? "";
    const slots = new Slots(connections);
    this.#roads = {
      service: new Service(this.#endpoint, token),
      storage: new Storage(transport ?? (globalThis.XMLHttpRequest ? xhrTransport : fetchTransport), slots, {
        ...DEFAULT_TIMING,
        ...timing,
      }),
      journal: new Journal(records === undefined ? browserRecords() : records, this.#endpoint, user ?? null),
      retry: { ...DEFAULT_RETRY, ...retry },
      sending: new Slots(connections),
      confirming: new Slots(CONFIRMING),
      parallel: connections,
    };
  }

  upload(file: FileLike, options: UploadOptions = {}): Upload {
    const job = jobOf(file, options, this.#endpoint, this.#profile);
    const find = async () => {
      await settleType(job.wish.file);
      return job.resume ? this.#roads.journal.find(job.wish) : null;
    };
    return this.#start({ ...job, find }, createAlone(this.#roads.service), options);
  }

  uploadAll(files: Iterable<GroupItem>, options: UploadOptions = {}): UploadGroup {
    const { signal, onProgress, ...common } = options;
    const jobs = Array.from(files, (item) => this.#member(item, common));
    const batch = new BatchCreator(this.#roads.service, jobs);
    const matched = this.#match(jobs, batch);
    for (const job of jobs) job.find = async () => this.#claimed((await matched).get(job));
    const watching = signal ? { signal } : {};
    return new RunningGroup(
      jobs.map((job) => this.#start(job, batch.create, watching)),
      onProgress,
    );
  }

  resumable(): Promise<UploadRecord[]> {
    return this.#roads.journal.interrupted();
  }

  async unfinished(): Promise<UnfinishedUpload[]> {
    const { service, journal } = this.#roads;
    const asking = new Slots(this.#roads.parallel);
    const look = async (record: UploadRecord) => {
      const found = await asking.use(FOREVER, () => unfinished(service, record));
      if (!found) await journal.remove(record.id);
      return found ?? [];
    };
    return (await Promise.all((await this.resumable()).map(look))).flat();
  }

  async resume(record: UploadRecord, file?: FileLike | null, watching: Watching = {}): Promise<Upload> {
    if (file) assertSame(record, file);
    const found = file ?? (await fileOf(record).catch((error) => this.#withoutFile(record, error)));
    await assertSample(record, found);
    const claimed = await this.#claimed(record);
    if (!claimed) throw underWay();
    const { handle } = record;
    const plain = jobOf(found, handle ? { handle } : {}, this.#endpoint, this.#profile);
    const job = { ...plain, wish: wishOf(record), picked: true, find: async () => claimed };
    const upload = this.#start(job, createAlone(this.#roads.service), watching);
    upload.done.catch(claimed.release); // also where it ended before it began
    return upload;
  }

  async discard(record: UploadRecord): Promise<void> {
    const { service, journal } = this.#roads;
    const claimed = await this.#claimed(record);
    if (!claimed) throw underWay();
    try {
      await service.remove(record.id, record.ticket, FOREVER).catch((error: unknown) => {
        if (!GONE.has(typed(error).status ?? 0)) throw error;
      });
      await journal.remove(record.id);
    } finally {
      claimed.release();
    }
  }

  async forgetAll(): Promise<void> {
    const ends = [...this.#running].map((upload) => upload.abort());
    await this.#roads.journal.clear();
    await Promise.all(ends);
  }

  /** Where nothing is left to be sent, nobody needs the file. */
  async #withoutFile(record: UploadRecord, error: unknown): Promise<FileLike> {
    const found = await unfinished(this.#roads.service, record);
    if (found?.stored === record.file.size) return standIn(record);
    throw error;
  }

  #start(job: Job, create: Create, watching: Watching): Upload {
    const upload = new RunningUpload(job, this.#roads, create, watching);
    this.#running.add(upload);
    const end = () => this.#running.delete(upload);
    upload.done.then(end, end);
    return upload;
  }

  #member(item: GroupItem, common: FileOptions): Job {
    const { file, ...own } = item instanceof Blob ? { file: item } : item;
    return { ...jobOf(file, { ...common, ...own }, this.#endpoint, this.#profile), find: async () => null };
  }

  /** Which of the jobs go on with interrupted uploads: found by one look, for any number of files. */
  async #match(jobs: Job[], batch: BatchCreator): Promise<Map<Job, UploadRecord>> {
    await Promise.all(jobs.map(({ wish }) => settleType(wish.file)));
    const records = new Map((await this.resumable()).map((record) => [wishKey(record), record]));
    const matched = new Map<Job, UploadRecord>();
    if (records.size === 0) return matched;
    for (const job of jobs) {
      const key = wishKey(job.wish);
      const record = job.resume && records.get(key);
      if (!record) continue;
      records.delete(key);
      matched.set(job, record);
      batch.leave(job);
    }
    return matched;
  }

  async #claimed(record: UploadRecord | undefined): Promise<Claimed | null> {
    const release = record && (await this.#roads.journal.claim(record.id));
    return release ? { record, release } : null;
  }
}

function underWay(): ValetKeyError {
  return new ValetKeyError("state_conflict", "This upload is under way already, perhaps in another window.");
}

/** IndexedDB, where there is one and the browser lets us look. */
function browserRecords(): RecordStore | null {
  try {
    return globalThis.indexedDB ? new IndexedDBRecords() : null;
  } catch {
    return null;
  }
}
