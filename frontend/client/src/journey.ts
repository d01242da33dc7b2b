import { sha256 } from "./checksum";
import { typed, UploadRejected, ValetKeyError } from "./errors";
import type { Job } from "./job";
import type { Claimed, Journal } from "./journal";
import { type Etags, partRange, sendParts } from "./parts";
import type { Tally } from "./progress";
import type { UploadRecord } from "./records";
import { persist, type RetryPolicy, type Waiting } from "./retry";
import type { Sending } from "./sending";
import type { Service } from "./service";
import { sleep } from "./sleep";
import type { Slots } from "./slots";
import type { Storage } from "./storage";
import { sendWhole } from "./whole";
import type { ConfirmedUpload, Granted, MultipartGrant, UploadBody } from "./wire";

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
  waiting(waiting: Waiting): () => void;
}

/** How an upload comes to be; one attempt. */
export type Create = (job: Job, checksum: string | undefined, signal: AbortSignal) => Promise<Granted>;

const ROUNDS = 3; // times that parts which got lost at S3 are sent again
const ENDED = new Set(["aborted", "deleted", "expired"]);
const FORGOTTEN = new Set([401, 403, 404]);

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
    const checksum = this.#job.checksum && (await this.#digest(signal));
    this.#observer.stage("creating");
    const granted = await this.#persist(signal, () => this.#create(this.#job, checksum, signal));
    this.#release = (await this.#roads.journal.claim(granted.upload.id)) ?? this.#release;
    await this.#keep(granted);
  }

  async #digest(signal: AbortSignal): Promise<string> {
    this.#observer.stage("hashing");
    return sha256(this.#job.file, signal);
  }

  /** Goes on with an interrupted upload of this file, if there is one that can still be. */
  async #pickUp(signal: AbortSignal): Promise<boolean> {
    if (this.#fresh) return false;
    this.#found ??= await this.#job.find();
    if (this.#found) {
      this.#release = this.#found.release;
      this.#observer.stage("creating");
      if (await this.#reached(this.#found.record, signal).catch(forgotten)) return true;
      await this.#roads.journal.remove(this.#found.record.id);
      this.#release();
    }
    this.#fresh = true;
    return false;
  }

  /** Finds out how far an interrupted upload came. False when it is at its end without a result. */
  async #reached({ id, ticket, plan }: UploadRecord, signal: AbortSignal): Promise<boolean> {
    const { service } = this.#roads;
    let upload = await this.#persist(signal, () => service.get(id, ticket, signal));
    // One request may have arrived whole without anybody having said so: asking costs less than sending again.
    if (upload.state === "pending" && !plan) {
      upload = (await this.#persist(signal, () => service.complete(id, ticket, [], signal))).upload;
    }
    if (ENDED.has(upload.state)) return false;
    const granted = upload.state === "pending" ? await this.#renewed(id, ticket, signal) : null;
    this.#unsure = true;
    await this.#keep(granted ?? { upload, grant: null, ticket });
    return true;
  }

  /** A fresh grant; null when the service says that it needs no more bytes. */
  async #renewed(id: string, ticket: string, signal: AbortSignal): Promise<Granted | null> {
    try {
      return await this.#persist(signal, () => this.#roads.service.renew(id, ticket, signal));
    } catch (error) {
      if (typed(error).code === "state_conflict") return null;
      throw error;
    }
  }

  /** Remembers the grant, here and for the time after a reload. */
  async #keep(granted: Granted): Promise<void> {
    this.#granted = granted;
    this.#grantedAt = Date.now();
    const { upload, ticket, grant } = granted;
    this.#observer.known(upload);
    if (grant === null) {
      this.#sent = true;
      return;
    }
    const { wish, handle } = this.#job;
    const plan =
      grant.method === "MULTIPART" ? { partSize: grant.part_size, partCount: grant.part_count } : null;
    const createdAt = Date.parse(upload.created_at);
    await this.#roads.journal.put({
      ...wish,
      id: upload.id,
      ticket,
      plan,
      createdAt,
      ...(handle && { handle }),
    });
  }

  async #send(signal: AbortSignal): Promise<void> {
    this.#observer.stage("sending");
    const { grant } = this.#held();
    const { tally } = this.#observer;
    const sending = this.#sending(signal);
    try {
      if (grant?.method === "MULTIPART") {
        if (this.#unsure) await this.#compare(grant, signal);
        tally.restart(this.#bytesThere(grant));
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
    const { service, storage } = this.#roads;
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
        return this.#granted.grant;
      },
      sign: (numbers) => service.signParts(upload.id, ticket, numbers, signal),
    };
  }

  /** Asks the service until it has made up its mind; sends again what S3 turns out not to have. */
  async #confirm(signal: AbortSignal): Promise<ConfirmedUpload> {
    this.#observer.stage("confirming");
    for (let round = 0; ; round++) {
      try {
        return await this.#settled(signal);
      } catch (error) {
        signal.throwIfAborted();
        const { grant } = this.#held();
        const { code } = typed(error);
        const lost = code === "parts_missing" || code === "parts_mismatch";
        if (!lost || round >= ROUNDS || grant?.method !== "MULTIPART") throw error;
        await this.#compare(grant, signal);
        await this.#send(signal);
        this.#observer.stage("confirming");
      }
    }
  }

  async #settled(signal: AbortSignal): Promise<ConfirmedUpload> {
    const { upload, ticket } = this.#held();
    const parts = [...this.#etags].sort(([a], [b]) => a - b).map(([number, etag]) => ({ number, etag }));
    const patience = Date.now() + this.#roads.retry.patience;
    for (;;) {
      const complete = () => this.#roads.service.complete(upload.id, ticket, parts, signal);
      const { upload: seen, again } = await this.#persist(signal, complete);
      this.#observer.known(seen);
      if (seen.state === "confirmed") return seen as ConfirmedUpload;
      if (seen.state === "rejected") throw new UploadRejected(seen);
      if (ENDED.has(seen.state))
        throw new ValetKeyError("upload_ended", `The upload is ${seen.state}: somebody else ended it.`);
      if (seen.state === "pending" && Date.now() > patience) throw notArrived();
      await sleep(Math.max(100, again ?? 1000), signal);
    }
  }

  /** Takes S3's own list of parts for the truth: those that it does not have as we sent them are sent again. */
  async #compare(grant: MultipartGrant, signal: AbortSignal): Promise<void> {
    const { upload, ticket } = this.#held();
    const stored = await this.#persist(signal, () =>
      this.#roads.service.storedParts(upload.id, ticket, signal),
    );
    const ours = this.#etags;
    this.#etags = new Map();
    for (const { number, size, etag } of stored) {
      const [from, to] = partRange(grant, number, this.#job.file.size);
      const sent = ours.get(number) ?? etag;
      if (size === to - from && plain(sent) === plain(etag)) this.#etags.set(number, etag);
    }
    this.#unsure = false;
    this.#sent = false;
  }

  #bytesThere(grant: MultipartGrant): number {
    let sum = 0;
    for (const number of this.#etags.keys()) {
      const [from, to] = partRange(grant, number, this.#job.file.size);
      sum += to - from;
    }
    return sum;
  }

  #held(): Granted {
    if (!this.#granted) throw new Error("no grant yet");
    return this.#granted;
  }

  #persist<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    return persist(attempt, { policy: this.#roads.retry, signal, onWait: this.#observer.waiting });
  }
}

/** False when the service has forgotten the upload, or its ticket has died; else the failure is one. */
function forgotten(error: unknown): false {
  if (FORGOTTEN.has(typed(error).status ?? 0)) return false;
  throw error;
}

/** Whether S3 or the service says that this upload takes no more bytes. */
function isOver(error: unknown): boolean {
  const { code, detail } = typed(error);
  return code === "state_conflict" || (code === "storage_refused" && detail.includes("NoSuchUpload"));
}

/** An ETag is opaque, but some put it in quotes and some do not. */
function plain(etag: string): string {
  return etag.replaceAll('"', "");
}

function notArrived(): ValetKeyError {
  return new ValetKeyError(
    "not_arrived",
    "The storage took the file, but the service does not find it there.",
    { retryable: true },
  );
}
