import { NEVER } from "../async/abort";
import { ValetKeyError } from "../model/errors";
import type { BatchResult } from "../model/wire";
import { problemError, type Service } from "../service/service";
import { creationBody, type Job } from "../transfer/job";
import type { Create } from "../transfer/transfer";

const MAX_UPLOADS = 100; // in one call
const MAX_BODY = 200_000; // bytes; the service takes 256 KiB

/** Creates the upload of one job. A retry has the same idempotency key, so that a lost response makes no second upload. */
export function createOne(service: Service): Create {
  return (job, checksum, signal) => service.create(creationBody(job, checksum), job.key, signal);
}

/**
 * Creates the uploads of many jobs, up to a hundred in one call, when the first of the hundred is due: no grant expires
 * before its file is sent.
 */
export class BatchCreator {
  readonly #service: Service;
  readonly #waiting: Set<Job>;
  readonly #calls = new Map<Job, Promise<BatchResult>>();

  constructor(service: Service, jobs: Iterable<Job>) {
    this.#service = service;
    this.#waiting = new Set(jobs);
  }

  readonly create: Create = async (job, checksum, signal) => {
    if (checksum !== undefined) {
      this.skip(job);
      return createOne(this.#service)(job, checksum, signal);
    }
    const asked = this.#calls.get(job) ?? this.#callFor(job);
    const result = await asked.finally(() => this.#calls.delete(job)); // a second request for the same job needs a new call
    if ("error" in result) throw problemError(result.error);
    return result;
  };

  /** Leaves this job out: its upload exists, or is created on its own. */
  skip(job: Job): void {
    this.#waiting.delete(job);
  }

  #callFor(first: Job): Promise<BatchResult> {
    const jobs = this.#next(first);
    const results = this.#call(jobs);
    for (const [index, job] of jobs.entries()) {
      this.#waiting.delete(job);
      const result = results.then((all) => all[index] ?? Promise.reject(missing()));
      result.catch(() => this.#requeue(job));
      this.#calls.set(job, result);
    }
    return this.#calls.get(first) as Promise<BatchResult>;
  }

  /** `first` and the jobs for the same call. A job with a checksum is created on its own, when its digest is known. */
  #next(first: Job): Job[] {
    const jobs = [first];
    let bytes = sizeOf(first);
    for (const job of this.#waiting) {
      if (job === first || job.checksum) continue;
      bytes += sizeOf(job);
      if (jobs.length === MAX_UPLOADS || bytes > MAX_BODY) break;
      jobs.push(job);
    }
    return jobs;
  }

  /** A single upload needs no batch, and so gets an idempotency key. Aborting one job does not abort the call for the others. */
  async #call(jobs: Job[]): Promise<BatchResult[]> {
    const [first] = jobs;
    if (first && jobs.length === 1)
      return [await this.#service.create(creationBody(first), first.key, NEVER)];
    return this.#service.createBatch(
      jobs.map((job) => creationBody(job)),
      NEVER,
    );
  }

  /** The call failed: the next one includes this job. */
  #requeue(job: Job): void {
    this.#calls.delete(job);
    this.#waiting.add(job);
  }
}

function sizeOf(job: Job): number {
  return new TextEncoder().encode(JSON.stringify(creationBody(job))).length;
}

function missing(): ValetKeyError {
  return new ValetKeyError("unexpected_answer", "The service left one out.");
}
