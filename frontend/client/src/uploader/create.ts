import { ValetKeyError } from "../model/errors";
import type { BatchResult } from "../model/wire";
import { problemError, type Service } from "../service/service";
import { creation, type Job } from "../transfer/job";
import type { Create } from "../transfer/transfer";

const MOST = 100; // uploads in one call
const LARGEST = 200_000; // bytes of its body; the service takes 256 KiB

const FOREVER = new AbortController().signal;

/** Creates the upload of one job. A repeated attempt has the same key, so that a lost answer makes no second upload. */
export function createAlone(service: Service): Create {
  return (job, checksum, signal) => service.create(creation(job, checksum), job.key, signal);
}

/**
 * Creates the uploads of many jobs, up to a hundred in one call, when the first of these hundred is due: no grant grows old
 * before its file's turn comes.
 */
export class BatchCreator {
  readonly #service: Service;
  readonly #waiting: Set<Job>;
  readonly #asked = new Map<Job, Promise<BatchResult>>();

  constructor(service: Service, jobs: Iterable<Job>) {
    this.#service = service;
    this.#waiting = new Set(jobs);
  }

  readonly create: Create = async (job, checksum, signal) => {
    if (checksum !== undefined) {
      this.leave(job);
      return createAlone(this.#service)(job, checksum, signal);
    }
    const asked = this.#asked.get(job) ?? this.#ask(job);
    const result = await asked.finally(() => this.#asked.delete(job)); // asked twice, it wants a new answer
    if ("error" in result) throw problemError(result.error, { retryable: result.error.status >= 500 });
    return result;
  };

  /** This job needs no creation, or no longer. */
  leave(job: Job): void {
    this.#waiting.delete(job);
  }

  #ask(first: Job): Promise<BatchResult> {
    const jobs = this.#next(first);
    const results = this.#call(jobs);
    for (const [index, job] of jobs.entries()) {
      this.#waiting.delete(job);
      const result = results.then((all) => all[index] ?? Promise.reject(missing()));
      result.catch(() => this.#again(job));
      this.#asked.set(job, result);
    }
    return this.#asked.get(first) as Promise<BatchResult>;
  }

  /** `first` and those that go with it. A job that needs a digest is created when that is known, by itself. */
  #next(first: Job): Job[] {
    const jobs = [first];
    let bytes = sizeOf(first);
    for (const job of this.#waiting) {
      if (job === first || job.checksum) continue;
      bytes += sizeOf(job);
      if (jobs.length === MOST || bytes > LARGEST) break;
      jobs.push(job);
    }
    return jobs;
  }

  /** One upload needs no batch, and gets an idempotency key that way. No job's end ends the call for the others. */
  async #call(jobs: Job[]): Promise<BatchResult[]> {
    const [first] = jobs;
    if (first && jobs.length === 1) return [await this.#service.create(creation(first), first.key, FOREVER)];
    return this.#service.createBatch(
      jobs.map((job) => creation(job)),
      FOREVER,
    );
  }

  /** The call failed: the next one takes this job along. */
  #again(job: Job): void {
    this.#asked.delete(job);
    this.#waiting.add(job);
  }
}

function sizeOf(job: Job): number {
  return new TextEncoder().encode(JSON.stringify(creation(job))).length;
}

function missing(): ValetKeyError {
  return new ValetKeyError("unexpected_answer", "The service's answer to a batch is too short.");
}
