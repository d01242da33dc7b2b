// What the client uses of a browser and Hermes lacks, or has half of. `scripts/build.mjs` puts these in the place of
// the globals of the same names, in the bundle alone: an app's own globals stay as they are.

type Listener = ((event: { type: "abort" }) => void) | { handleEvent(event: { type: "abort" }): void };

/** A signal with a reason, which React Native's own has not. */
class Signal {
  aborted = false;
  reason: unknown = undefined;
  readonly #listeners = new Set<Listener>();

  static timeout(ms: number): Signal {
    const controller = new Controller();
    setTimeout(() => controller.abort(namedError("TimeoutError", "The signal timed out.")), ms);
    return controller.signal;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_: "abort", listener: Listener): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_: "abort", listener: Listener): void {
    this.#listeners.delete(listener);
  }

  /** For its controller. A signal is aborted once, so that each listener is called once. */
  end(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const event = { type: "abort" } as const;
    for (const listener of [...this.#listeners])
      typeof listener === "function" ? listener(event) : listener.handleEvent(event);
    this.#listeners.clear();
  }
}

class Controller {
  readonly signal = new Signal();

  abort(reason: unknown = namedError("AbortError", "The operation was aborted.")): void {
    this.signal.end(reason);
  }
}

function namedError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

/** Bytes, and ranges of files that are read when somebody asks: React Native's Blob takes no bytes. */
class Bytes {
  readonly size: number;
  readonly type: string;
  readonly #parts: Array<Uint8Array | Bytes>;

  constructor(parts: Array<Uint8Array | Bytes> = [], { type = "" } = {}) {
    this.#parts = parts;
    this.type = type;
    this.size = parts.reduce((sum, part) => sum + lengthOf(part), 0);
  }

  slice(start = 0, end = this.size, type = ""): Bytes {
    const parts: Array<Uint8Array | Bytes> = [];
    let at = 0;
    for (const part of this.#parts) {
      const [from, to] = [Math.max(0, start - at), Math.min(lengthOf(part), end - at)];
      if (from < to) parts.push(part instanceof Bytes ? part.slice(from, to) : part.subarray(from, to));
      at += lengthOf(part);
    }
    return new Bytes(parts, { type });
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const whole = new Uint8Array(this.size);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part instanceof Bytes ? new Uint8Array(await part.arrayBuffer()) : part, at);
      at += lengthOf(part);
    }
    return whole.buffer;
  }
}

function lengthOf(part: Uint8Array | Bytes): number {
  return part instanceof Bytes ? part.size : part.length;
}

/** Bytes with a name. */
class NamedBytes extends Bytes {
  readonly name: string;
  readonly lastModified: number;

  constructor(parts: Array<Uint8Array | Bytes>, name: string, { type = "", lastModified = Date.now() } = {}) {
    super(parts, { type });
    this.name = name;
    this.lastModified = lastModified;
  }
}

/** Numbers for idempotency keys, which have to be different and not secret. */
function someNumbers(numbers: Uint32Array): Uint32Array {
  return numbers.map(() => Math.floor(Math.random() * 2 ** 32));
}

const own = globalThis as Partial<typeof globalThis>;
const hasReasons =
  typeof own.AbortSignal?.prototype?.throwIfAborted === "function" && "timeout" in own.AbortSignal;
const AbortControllerWithReason = hasReasons ? own.AbortController : Controller;
const AbortSignalWithReason = hasReasons ? own.AbortSignal : Signal;
const cryptoOrNumbers = own.crypto ?? { getRandomValues: someNumbers };

export {
  AbortControllerWithReason as AbortController,
  AbortSignalWithReason as AbortSignal,
  Bytes as Blob,
  cryptoOrNumbers as crypto,
  NamedBytes as File,
};
