import type { Slots } from "../async/semaphore";
import type { Digest, Evidence } from "../digests/compare";
import { digests, sha256 } from "../digests/digests";
import { isWhole, sampleOf } from "../digests/fingerprint";
import { mismatch } from "../interrupted/file";
import type { Claimed, Journal } from "../interrupted/journal";
import type { UploadRecord } from "../interrupted/records";
import { pickUp } from "../interrupted/reopen";
import { typed } from "../model/errors";
import type { ConfirmedUpload, Grant, Granted, MultipartGrant, UploadBody } from "../model/wire";
import { persist, type RetryPolicy, type Waiting } from "../retry/retry";
import type { Sending } from "../sending/context";
import { agreed, bytesOf, type Etags, sendParts } from "../sending/parts";
import type { Tally } from "../sending/progress";
import { sendWhole } from "../sending/single-request";
import type { Asking } from "../service/calls";
import type { Service } from "../service/service";
import type { Storage } from "../storage/storage";
import { settle } from "./confirm";
import type { Job } from "./job";

/** Where a file is on its way, while it is. */
export type Stage = "queued" | "hashing" | "creating" | "sending" | "confirming";

/** What all journeys of one uploader share. */
export interface Roads {
  service: Service;
  storage: Storage;
  journal: Journal;
  retry: RetryPolicy;
  /** uploads that are being sent at once */
  sending: Slots;
  /** uploads that the service is being asked about at once */
  confirming: Slots;
  /** parts of one upload at once */
  parallel: number;
}

/** Who is told what happens on the way. */
export interface Observer {
  tally: Tally;
  stage(stage: Stage): void;
  /** bytes moved */
  moved(): void;
  /** the service knows the upload now */
  known(upload: UploadBody): void;
  /** the service allowed something, at first or again */
  granted(grant: Grant | null): void;
  waiting(waiting: Waiting): () => void;
}

/** How an upload comes to be; one attempt. */
export type Create = (job: Job, checksum: string | undefined, signal: AbortSignal) => Promise<Granted>;

const ROUNDS = 3; // times that parts which got lost at S3 are sent again

/**
 * One file's way to `confirmed`. It can be left at any point, by its signal, and entered again: what was reached is kept.
 */
export class Journey {
  readonly #job: Job;
  readonly #roads: Roads;
  readonly #observer: Observer;
  readonly #create: Create;
  #granted: Granted | null = null;
  #etags: Etags = new Map();
  #sent = false;
  /** whether S3 may have parts that we do not know of, since another page sent them */
  #unsure = false;
  #grantedAt = 0;
  #found: Claimed | null = null;
  /** whether we have looked for an interrupted upload, and there is none to go on with */
  #fresh = false;
  #release: () => void = () => {};
  #record: UploadRecord | null = null;

  constructor(job: Job, roads: Roads, observer: Observer, create: Create) {
    this.#job = job;
    this.#roads = roads;
    this.#observer = observer;
    this.#create = create;
  }

  /** Goes on from where we are to the end. Rejects with a `ValetKeyError`, or the signal's reason. */
  async advance(signal: AbortSignal): Promise<ConfirmedUpload> {
    this.#observer.stage("queued");
    const leave = await this.#roads.sending.acquire(signal);
    try {
      if (!this.#granted) await this.#begin(signal);
      if (!this.#sent) await this.#send(signal);
      const done = await this.#roads.confirming.acquire(signal);
      leave(); // the next file may go while the service looks at this one
      return await this.#confirm(signal).finally(done);
    } finally {
      leave();
    }
  }

  /** Forgets the record, since the upload is at its end. */
  async forget(): Promise<void> {
    if (this.#granted) await this.#roads.journal.remove(this.#granted.upload.id);
    this.#release();
  }

  /** Lets others go on with the upload. */
  release(): void {
    this.#release();
  }

  /** Tells the service that nothing more comes. One attempt; rejects when that fails. */
  async cancel(signal: AbortSignal): Promise<void> {
    if (!this.#granted) return;
    const { upload, ticket } = this.#granted;
    await this.#roads.service.remove(upload.id, ticket, signal);
  }

  async #begin(signal: AbortSignal): Promise<void> {
    if (await this.#pickUp(signal)) return;
    const { journal } = this.#roads;
    const sampling = journal.keeps ? sampleOf(this.#job.file) : undefined;
    const checksum = this.#job.checksum && (await this.#digest(signal));
    this.#observer.stage("creating");
    const granted = await this.#persist(signal, () => this.#create(this.#job, checksum, signal));
    this.#release = (await journal.claim(granted.upload.id)) ?? this.#release;
    const sample = await sampling;
    await this.#keep(granted, sample ? { sample } : {});
  }

  async #digest(signal: AbortSignal): Promise<string> {
    this.#observer.stage("hashing");
    return sha256(this.#job.file, signal);
  }

  /** Goes on with an interrupted upload of this file, if there is one that can still be, and that is proven to be of it. */
  async #pickUp(signal: AbortSignal): Promise<boolean> {
    if (this.#fresh) return false;
    this.#found ??= await this.#job.find();
    if (this.#found) {
      const { record, release } = this.#found;
      this.#release = release;
      this.#observer.stage("creating");
      const granted = await this.#same(record, signal);
      this.#unsure = true;
      const { sample, digests } = record;
      if (granted) {
        await this.#keep(granted, { ...(sample && { sample }), ...(digests && { digests }) });
        return true;
      }
      await this.#roads.journal.remove(record.id);
      this.#release();
    }
    this.#fresh = true;
    return false;
  }

  /**
   * How far an interrupted upload came, if what is there of it is of this file: name, size and date prove nothing. Another
   * file begins anew, and ends what is there; where it was picked for this very upload, it is refused.
   */
  async #same(record: UploadRecord, signal: AbortSignal): Promise<Granted | null> {
    const { file, picked } = this.#job;
    const asking = this.#asking(signal);
    const standsIn = file.size !== record.file.size; // nothing is left to be sent, and there is nothing to compare
    const sample = record.sample && !standsIn ? await sampleOf(file) : undefined;
    const proven = standsIn || (sample !== undefined && sample === record.sample && isWhole(sample));
    let granted: Granted | null = null;
    let same: boolean | null = false;
    if (sample === undefined || sample === record.sample) {
      granted = await pickUp(record, asking);
      same = proven || !granted || (await this.#compared(record, granted, asking));
    }
    if (same) return granted;
    if (picked && same === false) throw mismatch(record.file.name);
    await this.#roads.service.remove(record.id, record.ticket, signal).catch(() => {}); // else it expires by itself
    return null;
  }

  /** Whether what S3 has is of our file, by its digests; null where they tell nothing. One request that has not arrived is sent again as a whole. */
  async #compared(record: UploadRecord, { upload, grant }: Granted, asking: Asking): Promise<boolean | null> {
    const { signal, persist, service } = asking;
    if (grant && grant.method !== "MULTIPART") return true;
    const { sameObject, sameParts } = await import("../digests/compare");
    const kept = record.plan && { partSize: record.plan.partSize, digests: record.digests };
    const { file } = this.#job;
    const digest = this.#digester(signal);
    this.#observer.stage("hashing");
    if (!grant) return sameObject(file, upload.object?.etag ?? "", kept, digest);
    const stored = await persist(() => service.storedParts(record.id, record.ticket, signal));
    return sameParts(file, stored, { partSize: grant.part_size, digests: record.digests }, digest);
  }

  #digester(signal: AbortSignal): Digest {
    return (blobs, algorithm) => digests(blobs, algorithm, signal);
  }

  /** Remembers the grant, here and for the time after a reload. */
  async #keep(granted: Granted, known: Pick<UploadRecord, "sample" | "digests">): Promise<void> {
    this.#granted = granted;
    this.#grantedAt = Date.now();
    const { upload, ticket, grant } = granted;
    this.#observer.known(upload);
    this.#observer.granted(grant);
    if (grant === null) {
      this.#sent = true;
      return;
    }
    const { wish, handle } = this.#job;
    const plan =
      grant.method === "MULTIPART" ? { partSize: grant.part_size, partCount: grant.part_count } : null;
    const createdAt = Date.parse(upload.created_at);
    const record = { ...wish, id: upload.id, ticket, plan, createdAt, ...(handle && { handle }), ...known };
    this.#record = record;
    await this.#roads.journal.put(record);
  }

  async #send(signal: AbortSignal): Promise<void> {
    this.#observer.stage("sending");
    const { grant } = this.#held();
    const { tally } = this.#observer;
    const sending = this.#sending(signal);
    try {
      if (grant?.method === "MULTIPART") {
        if (this.#unsure) await this.#compare(grant, signal);
        tally.restart(bytesOf(grant, this.#job.wish.file.size, this.#etags));
        await sendParts(sending, grant, this.#etags, this.#roads.parallel);
      } else if (grant) {
        tally.restart(0);
        await sendWhole(sending, grant);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isOver(error)) throw error; // else it is complete, or at its end: the service says which
    }
    this.#sent = true;
  }

  #sending(signal: AbortSignal): Sending {
    const { file } = this.#job;
    const { tally } = this.#observer;
    const { upload, ticket } = this.#held();
    const { service, storage, journal } = this.#roads;
    const record = journal.keeps ? this.#record : null;
    let evidence: Promise<Evidence> | null = null;
    return {
      file,
      storage,
      tally,
      signal,
      since: this.#grantedAt,
      persist: (attempt) => this.#persist(signal, attempt),
      moved: (record) => {
        if (signal.aborted) return;
        record();
        this.#observer.moved();
      },
      renew: async () => {
        this.#granted = await service.renew(upload.id, ticket, signal);
        this.#grantedAt = Date.now();
        this.#observer.granted(this.#granted.grant);
        return this.#granted.grant;
      },
      arrived: async () => {
        const { upload: now } = await service.complete(upload.id, ticket, [], signal);
        this.#observer.known(now);
        return now.state !== "pending";
      },
      stored: () => service.storedParts(upload.id, ticket, signal),
      evidence: (number, etag, bytes) => {
        if (!record) return;
        evidence ??= import("../digests/compare").then(
          (same) => new same.Evidence(record, this.#digester(signal)),
        );
        evidence.then((kept) => kept.sent(number, etag, bytes, () => journal.put(record))).catch(() => {});
      },
      sign: (numbers, checksums) => service.signParts(upload.id, ticket, numbers, signal, checksums),
    };
  }

  /** Asks the service until it has made up its mind; sends again what S3 turns out not to have. */
  async #confirm(signal: AbortSignal): Promise<ConfirmedUpload> {
    this.#observer.stage("confirming");
    for (let round = 0; ; round++) {
      try {
        const parts = [...this.#etags].sort(([a], [b]) => a - b).map(([number, etag]) => ({ number, etag }));
        const { retry } = this.#roads;
        return await settle(this.#held(), parts, retry.patience, this.#asking(signal), this.#observer.known);
      } catch (error) {
        signal.throwIfAborted();
        const { grant } = this.#held();
        const { code } = typed(error);
        const lost = code === "parts_missing" || code === "parts_mismatch";
        if (!lost || round >= ROUNDS || grant?.method !== "MULTIPART") throw error;
        const again = await this.#renewed(signal); // where S3 has forgotten the whole of it, another is begun there
        await this.#compare(again ?? grant, signal);
        await this.#send(signal);
        this.#observer.stage("confirming");
      }
    }
  }

  async #renewed(signal: AbortSignal): Promise<MultipartGrant | null> {
    const { upload, ticket } = this.#held();
    this.#granted = await this.#persist(signal, () => this.#roads.service.renew(upload.id, ticket, signal));
    this.#grantedAt = Date.now();
    const { grant } = this.#granted;
    return grant?.method === "MULTIPART" ? grant : null;
  }

  /** Takes S3's own list of parts for the truth: those that it does not have as we sent them are sent again. */
  async #compare(grant: MultipartGrant, signal: AbortSignal): Promise<void> {
    const { upload, ticket } = this.#held();
    const { service } = this.#roads;
    const stored = await this.#persist(signal, () => service.storedParts(upload.id, ticket, signal));
    this.#etags = agreed(grant, this.#job.wish.file.size, this.#etags, stored);
    this.#unsure = false;
    this.#sent = false;
  }

  #held(): Granted {
    if (!this.#granted) throw new Error("no grant yet");
    return this.#granted;
  }

  #asking(signal: AbortSignal): Asking {
    return { service: this.#roads.service, signal, persist: (call) => this.#persist(signal, call) };
  }

  #persist<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    return persist(attempt, { policy: this.#roads.retry, signal, onWait: this.#observer.waiting });
  }
}

/** Whether S3 or the service says that this upload takes no more bytes. */
function isOver(error: unknown): boolean {
  const { code, meaning } = typed(error);
  return code === "state_conflict" || meaning === "gone";
}
