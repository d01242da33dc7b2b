import type { Semaphore } from "../async/semaphore";
import { fileChanged, type ValetKeyError } from "../model/errors";
import { CorsDiagnosis } from "./cors";
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
  readonly #cors = new CorsDiagnosis();
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
      this.#cors.noteResponse();
      return response;
    } catch (error) {
      request.signal.throwIfAborted();
      await assertReadable(request.body);
      throw (
        (moved === 0 && (await this.#cors.explain(request.url, startedAt, (error as ValetKeyError).sent))) ||
        error
      );
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
