import type { Semaphore } from "../async/semaphore";
import type { DigestRecorder } from "../digests/compare";
import { computeDigest, computeDigests } from "../digests/compute";
import { takeFingerprint } from "../digests/fingerprint";
import type { Journal, LockedRecord } from "../interrupted/journal";
import type { UploadRecord } from "../interrupted/records";
import { asValetKeyError, fileChanged } from "../model/errors";
import type {
  Checksum,
  ConfirmedUpload,
  Grant,
  GrantedUpload,
  MultipartGrant,
  StoredPart,
  UploadBody,
} from "../model/wire";
import { type RetryPolicy, type Waiting, withRetry } from "../retry/retry";
import type { SendContext } from "../sending/context";
import { countBytes, type Etags, reconcileParts, sendParts } from "../sending/parts";
import type { ProgressMeter } from "../sending/progress";
import { sendInOneRequest } from "../sending/single-request";
import type { CallContext } from "../service/calls";
import type { Service } from "../service/service";
import type { Storage } from "../storage/storage";
import { confirm } from "./confirm";
import type { Job } from "./job";
import { reopenIfSame } from "./resume";

/** Where a file is on its way, while it is. */
export type Stage = "queued" | "hashing" | "creating" | "sending" | "confirming";

/** What all transfers of one uploader share. */
export interface TransferContext {
  service: Service;
  storage: Storage;
  journal: Journal;
  retryPolicy: RetryPolicy;
  /** limits the uploads that are sent at once */
  sending: Semaphore;
  /** limits the uploads that are confirmed at once */
  confirming: Semaphore;
  /** parts of one upload that are sent at once */
  parallel: number;
}

/** Who is told of the progress of one transfer. */
export interface TransferObserver {
  meter: ProgressMeter;
  onStage(stage: Stage): void;
  /** bytes moved */
  onProgress(): void;
  /** what the service last said of the upload */
  onUpload(upload: UploadBody): void;
  /** the service granted something, for the first time or again */
  onGrant(grant: Grant | null): void;
  /** waiting begins; the function that it returns is called when it ends */
  onWait(waiting: Waiting): () => void;
}

/** Creates the upload at the service; one attempt. */
export type Create = (
  job: Job,
  checksum: Checksum | undefined,
  signal: AbortSignal,
) => Promise<GrantedUpload>;

const ROUNDS = 3; // times that parts which S3 lost are sent again

/**
 * Takes one file to `confirmed`. It can be stopped at any point, by its signal, and run again: it continues from where it stopped.
 */
export class Transfer {
  readonly #job: Job;
  readonly #context: TransferContext;
  readonly #observer: TransferObserver;
  readonly #create: Create;
  #granted: GrantedUpload | null = null;
  #etags: Etags = new Map();
  #sent = false;
  /** whether sending has begun before: it was paused, so that bytes may have arrived since */
  #begun = false;
  /** whether S3 may have parts that an earlier page sent */
  #partsUnknown = false;
  /** the parts that were proven to be of this file; undefined if none had to be */
  #compared: StoredPart[] | undefined;
  #grantedAt = 0;
  #locked: LockedRecord | null = null;
  /** whether we have looked for an interrupted upload, and found none that can be continued */
  #nothingToResume = false;
  #release: () => void = () => {};
  #record: UploadRecord | null = null;

  constructor(job: Job, context: TransferContext, observer: TransferObserver, create: Create) {
    this.#job = job;
    this.#context = context;
    this.#observer = observer;
    this.#create = create;
  }

  /** Continues to the end. Rejects with a `ValetKeyError`, or the signal's reason. */
  async run(signal: AbortSignal): Promise<ConfirmedUpload> {
    this.#observer.onStage("queued");
    const leaveSending = await this.#context.sending.acquire(signal);
    try {
      if (!this.#granted) await this.#begin(signal);
      if (!this.#sent) await this.#send(signal);
      const leaveConfirming = await this.#context.confirming.acquire(signal);
      leaveSending(); // the next file may be sent while the service checks this one
      return await this.#confirm(signal).finally(leaveConfirming);
    } finally {
      leaveSending();
    }
  }

  /** Removes the record, since the upload has ended. */
  async forget(): Promise<void> {
    if (this.#granted) await this.#context.journal.remove(this.#granted.upload.id);
    this.#release();
  }

  /** Lets others continue the upload. */
  release(): void {
    this.#release();
  }

  /** Aborts the upload at the service, if it has been created; one attempt. */
  async cancel(signal: AbortSignal): Promise<void> {
    if (!this.#granted) return;
    await this.#context.service.abort(this.#granted.upload.id, this.#granted.ticket, signal);
  }

  async #begin(signal: AbortSignal): Promise<void> {
    if (await this.#resume(signal)) return;
    const { journal } = this.#context;
    const fingerprinting = journal.enabled ? takeFingerprint(this.#job.file) : undefined;
    const { file, checksum: algorithm } = this.#job;
    if (algorithm) this.#observer.onStage("hashing");
    const checksum = algorithm && { algorithm, value: await computeDigest(file, algorithm, signal) };
    this.#observer.onStage("creating");
    const create = () => this.#retry(signal, () => this.#create(this.#job, checksum, signal));
    const granted = await create().catch((error) => {
      if (this.#job.whole || asValetKeyError(error).code !== "method_not_supported") throw error;
      this.#job.whole = true;
      return create();
    });
    this.#release = (await journal.lock(granted.upload.id)) ?? this.#release;
    await this.#saveGrant(granted, { fingerprint: await fingerprinting });
  }

  /** Continues an interrupted upload of this file, if there is one. */
  async #resume(signal: AbortSignal): Promise<boolean> {
    if (this.#nothingToResume) return false;
    this.#locked ??= await this.#job.lockInterrupted();
    if (this.#locked) {
      const { record, release } = this.#locked;
      this.#release = release;
      this.#observer.onStage("creating");
      const granted = await reopenIfSame(record, this.#job, this.#callContext(signal), (compared) => {
        this.#observer.onStage("hashing");
        this.#compared = compared;
      });
      this.#partsUnknown = true;
      const { fingerprint, digests } = record;
      if (granted) {
        await this.#saveGrant(granted, { fingerprint, digests });
        return true;
      }
      await this.#context.journal.remove(record.id);
      this.#release();
    }
    this.#nothingToResume = true;
    return false;
  }

  /** Keeps the grant, and writes a record for the time after a reload. */
  async #saveGrant(
    granted: GrantedUpload,
    known: Pick<UploadRecord, "fingerprint" | "digests">,
  ): Promise<void> {
    this.#granted = granted;
    this.#grantedAt = Date.now();
    const { upload, ticket, grant } = granted;
    this.#observer.onUpload(upload);
    this.#observer.onGrant(grant);
    if (grant === null) {
      this.#sent = true;
      return;
    }
    const { spec, handle } = this.#job;
    const plan =
      grant.method === "MULTIPART" ? { partSize: grant.part_size, partCount: grant.part_count } : null;
    const createdAt = Date.now(); // the service's clock may be another
    this.#record = { ...spec, id: upload.id, ticket, plan, createdAt, handle, ...known };
    await this.#context.journal.put(this.#record);
  }

  async #send(signal: AbortSignal): Promise<void> {
    this.#observer.onStage("sending");
    const { grant } = this.#requireGrant();
    const { meter } = this.#observer;
    const context = this.#sendContext(signal);
    const again = this.#begun;
    this.#begun = true;
    try {
      if (again) await this.#assertSameFile();
      if (grant?.method === "MULTIPART") {
        if (this.#partsUnknown) await this.#reconcileParts(grant, signal, this.#compared);
        meter.restart(countBytes(grant, this.#job.spec.file.size, this.#etags));
        await sendParts(context, grant, this.#etags, this.#context.parallel);
      } else if (grant) {
        meter.restart(0);
        await sendInOneRequest(context, grant, again);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!takesNoMore(error)) throw error; // else it is complete or has ended: the service says which
    }
    this.#sent = true;
  }

  /** Rejects with `file_changed` if the file is another one than when it began: not every browser notices, nor any of a kept date. */
  async #assertSameFile(): Promise<void> {
    const { fingerprint } = this.#record ?? {};
    const now = fingerprint && (await takeFingerprint(this.#job.file));
    if (now && now !== fingerprint) throw fileChanged();
  }

  #sendContext(signal: AbortSignal): SendContext {
    const { file } = this.#job;
    const { meter } = this.#observer;
    const { upload, ticket } = this.#requireGrant();
    const { service, storage, journal } = this.#context;
    const record = journal.enabled ? this.#record : null;
    let recorder: Promise<DigestRecorder> | null = null;
    return {
      file,
      storage,
      meter,
      signal,
      grantedAt: this.#grantedAt,
      retry: (attempt) => this.#retry(signal, attempt),
      reportProgress: (update) => {
        if (signal.aborted) return;
        update();
        this.#observer.onProgress();
      },
      renewGrant: async () => {
        this.#granted = await service.renew(upload.id, ticket, signal);
        this.#grantedAt = Date.now();
        this.#observer.onGrant(this.#granted.grant);
        return this.#granted.grant;
      },
      checkArrival: async () => {
        const { upload: current } = await service.complete(upload.id, ticket, [], signal);
        this.#observer.onUpload(current);
        return current.state !== "pending";
      },
      listParts: () => service.listParts(upload.id, ticket, signal),
      recordPart: (number, etag, bytes) => {
        if (!record) return;
        recorder ??= import("../digests/compare").then(
          ({ DigestRecorder }) =>
            new DigestRecorder(record, (blobs, algorithm) => computeDigests(blobs, algorithm, signal)),
        );
        recorder.then((it) => it.record(number, etag, bytes, () => journal.put(record))).catch(() => {});
      },
      signParts: (numbers, checksums) => service.signParts(upload.id, ticket, numbers, signal, checksums),
    };
  }

  /** Asks the service until it has decided; sends again what S3 turns out not to have. */
  async #confirm(signal: AbortSignal): Promise<ConfirmedUpload> {
    this.#observer.onStage("confirming");
    for (let round = 0; ; round++) {
      try {
        const parts = [...this.#etags].sort(([a], [b]) => a - b).map(([number, etag]) => ({ number, etag }));
        const { retryPolicy } = this.#context;
        return await confirm(
          this.#requireGrant(),
          parts,
          retryPolicy.patience,
          this.#callContext(signal),
          this.#observer.onUpload,
        );
      } catch (error) {
        signal.throwIfAborted();
        const { grant } = this.#requireGrant();
        const { code } = asValetKeyError(error);
        const lost = code === "parts_missing" || code === "parts_mismatch";
        if (!lost || round >= ROUNDS || grant?.method !== "MULTIPART") throw error;
        const renewed = await this.#renewMultipart(signal); // S3 may have forgotten the multipart upload: then this begins another
        await this.#reconcileParts(renewed ?? grant, signal);
        await this.#send(signal);
        this.#observer.onStage("confirming");
      }
    }
  }

  async #renewMultipart(signal: AbortSignal): Promise<MultipartGrant | null> {
    const { upload, ticket } = this.#requireGrant();
    this.#granted = await this.#retry(signal, () => this.#context.service.renew(upload.id, ticket, signal));
    this.#grantedAt = Date.now();
    const { grant } = this.#granted;
    return grant?.method === "MULTIPART" ? grant : null;
  }

  /** Takes S3's list of parts as the truth, or the one that was `compared`: those that it does not have as we sent them are sent again. */
  async #reconcileParts(grant: MultipartGrant, signal: AbortSignal, compared?: StoredPart[]): Promise<void> {
    const { upload, ticket } = this.#requireGrant();
    const { service } = this.#context;
    const stored =
      compared ?? (await this.#retry(signal, () => service.listParts(upload.id, ticket, signal)));
    this.#etags = reconcileParts(grant, this.#job.spec.file.size, this.#etags, stored);
    this.#partsUnknown = false;
    this.#sent = false;
  }

  /** The grant; only for what comes after `#begin`. */
  #requireGrant(): GrantedUpload {
    return this.#granted as GrantedUpload;
  }

  #callContext(signal: AbortSignal): CallContext {
    return { service: this.#context.service, signal, retry: (call) => this.#retry(signal, call) };
  }

  #retry<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    return withRetry(attempt, { policy: this.#context.retryPolicy, signal, onWait: this.#observer.onWait });
  }
}

/** Whether S3 or the service has closed this upload to more bytes. */
function takesNoMore(error: unknown): boolean {
  const { code, meaning } = asValetKeyError(error);
  return code === "state_conflict" || meaning === "gone";
}
