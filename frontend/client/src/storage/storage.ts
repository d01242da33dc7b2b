import type { Slots } from "../async/semaphore";
import { fileChanged } from "../model/errors";
import { CorsWatch } from "./cors";
import { type StorageAnswer, type StorageRequest, settable, type Timing, type Transport } from "./transport";

/** S3, as the senders see it: a bounded number of connections, and failures that say what they are. */
export class Storage {
  readonly #transport: Transport;
  readonly #cors = new CorsWatch();
  readonly #timing: Timing;
  /** taken before a request is signed, so that no signature grows old in a queue */
  readonly connections: Slots;

  constructor(transport: Transport, connections: Slots, timing: Timing) {
    this.#transport = transport;
    this.#timing = timing;
    this.connections = connections;
  }

  /** Sends `bytes` (which are in the request's body, too). Rejects with a `ValetKeyError` when no answer came. */
  async send(request: Omit<StorageRequest, "timing">, bytes: Blob): Promise<StorageAnswer> {
    const startedAt = Date.now();
    let moved = 0;
    const onProgress = (sent: number) => {
      moved = sent;
      request.onProgress(sent);
    };
    try {
      const answer = await this.#transport.send({
        ...request,
        headers: settable(request.headers),
        timing: this.#timing,
        onProgress,
      });
      this.#cors.answered();
      return answer;
    } catch (error) {
      request.signal.throwIfAborted();
      await assertReadable(bytes);
      throw (moved === 0 && (await this.#cors.explain(request.url, startedAt))) || error;
    }
  }
}

/** Browsers refuse to read a file that changed since it was picked; a request just fails then, without a reason. */
export async function assertReadable(bytes: Blob): Promise<void> {
  try {
    await bytes.slice(0, 1).arrayBuffer();
  } catch (cause) {
    throw fileChanged(cause);
  }
}
