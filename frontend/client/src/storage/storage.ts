import type { Semaphore } from "../async/semaphore";
import { asValetKeyError, fileChanged, ValetKeyError } from "../model/errors";
import type { CorsDiagnosis } from "./cors";
import {
  type StorageRequest,
  type StorageResponse,
  settableHeaders,
  type Timing,
  type Transport,
} from "./transport";

/** S3 behind a transport, with a bounded number of connections and failures that are explained. */
export class Storage {
  readonly #transport: Transport;
  /** whether the storage responded to a request of ours: its CORS rules allow this page */
  #responded = false;
  #diagnosis: Promise<CorsDiagnosis> | null = null;
  readonly #timing: Timing;
  /** acquired before a request is signed, so that no signature expires in a queue */
  declare readonly connections: Semaphore;

  constructor(transport: Transport, connections: Semaphore, timing: Timing) {
    this.#transport = transport;
    this.#timing = timing;
    this.connections = connections;
  }

  /** Sends. Rejects with a `ValetKeyError` if there was no response. */
  async send(request: Omit<StorageRequest, "timing">): Promise<StorageResponse> {
    const startedAt = Date.now();
    let moved = 0;
    const onProgress = (sent: number) => {
      moved = sent;
      request.onProgress(sent);
    };
    try {
      const response = await this.#transport.send({
        ...request,
        headers: settableHeaders(request.headers),
        timing: this.#timing,
        onProgress,
      });
      this.#responded = true;
      return response;
    } catch (error) {
      request.signal.throwIfAborted();
      await assertReadable(request.body);
      throw moved === 0 && !this.#responded ? await this.#explain(error, request.url, startedAt) : error;
    }
  }

  /** A more precise error if the bucket's CORS rules are the cause, else `error`. They do not keep a form from arriving. */
  async #explain(error: unknown, url: string, startedAt: number): Promise<unknown> {
    this.#diagnosis ??= import("./cors").then(({ CorsDiagnosis }) => new CorsDiagnosis());
    const { sent } = asValetKeyError(error);
    try {
      const found = await (await this.#diagnosis).explain(url, startedAt);
      return found ? new ValetKeyError("cors_forbidden", found.detail, { ...found, sent }) : error;
    } catch {
      this.#diagnosis = null; // it is loaded over the same network, which may fail
      return error;
    }
  }
}

/** Rejects with `file_changed` if the file changed since it was chosen: a request fails then without a reason. */
export async function assertReadable(bytes: Blob): Promise<void> {
  try {
    await bytes.slice(-1).arrayBuffer(); // the last of them: a file that was cut has the first
  } catch (cause) {
    throw fileChanged(cause);
  }
}
