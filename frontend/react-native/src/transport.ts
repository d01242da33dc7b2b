import { type StorageRequest, type StorageResponse, type Transport, ValetKeyError } from "@valetkey/client";
import { type File, type NetworkTaskSessionType, type UploadResult, UploadType } from "expo-file-system";
import { writeForm } from "./form";
import { asFile, NativeFile, remove } from "./native-file";

/** How the system sends. */
export interface ExpoTransportOptions {
  /** of iOS: whether what is being sent goes on while the app is suspended ("background") */
  session?: NetworkTaskSessionType;
}

const TICK = 1000; // ms between two looks at whether anything moves
const MIB = 1024 * 1024;

/** Sends by upload tasks of expo-file-system: a file as it is, a part as a temporary file, a form written to one. */
export function expoTransport({ session = "background" }: ExpoTransportOptions = {}): Transport {
  return {
    async send(request) {
      const { body, signal } = request;
      signal.throwIfAborted();
      if (!(body instanceof NativeFile)) throw new TypeError("Only files of the device can be sent.");
      if (!request.fields) return asFile(body, (file) => run(file, request, request.headers, session));
      const { file, contentType } = await writeForm(request, body);
      const headers = { ...request.headers, "Content-Type": contentType };
      return run(file, request, headers, session).finally(() => remove(file));
    },
  };
}

async function run(
  file: File,
  request: StorageRequest,
  headers: Record<string, string>,
  sessionType: NetworkTaskSessionType,
): Promise<StorageResponse> {
  const { method, url, signal, body, onProgress } = request;
  signal.throwIfAborted();
  const watch = new Watch(request, () => task.cancel());
  const task = file.createUploadTask(url, {
    httpMethod: method,
    uploadType: UploadType.BINARY_CONTENT,
    headers,
    sessionType,
    onProgress: ({ bytesSent, totalBytes }) => {
      watch.moved(bytesSent >= totalBytes);
      onProgress(Math.max(0, bytesSent - (totalBytes - body.size))); // a form's fields come before the file
    },
  });
  const stop = () => task.cancel();
  signal.addEventListener("abort", stop);
  try {
    return responseOf(await task.uploadAsync());
  } catch (cause) {
    signal.throwIfAborted();
    const detail = `The storage at ${new URL(url).origin} cannot be reached.`;
    throw new ValetKeyError("storage_unreachable", detail, { retryable: true, sent: watch.sent, cause });
  } finally {
    watch.end();
    signal.removeEventListener("abort", stop);
  }
}

function responseOf({ status, headers, body }: UploadResult): StorageResponse {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { status, header: (name) => byName.get(name.toLowerCase()) ?? null, text: body };
}

/** Ends a task in which nothing moves. While the system suspends the app, no time counts: the task goes on. */
class Watch {
  sent = false;
  #left: number;
  #looked = Date.now();
  readonly #request: StorageRequest;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(request: StorageRequest, cancel: () => void) {
    this.#request = request;
    this.#left = request.timing.stall;
    this.#timer = setInterval(() => {
      const now = Date.now();
      this.#left -= Math.min(now - this.#looked, 2 * TICK);
      this.#looked = now;
      if (this.#left <= 0) cancel();
    }, TICK);
  }

  /** Bytes were sent, perhaps the last: then the storage has time to answer. */
  moved(all: boolean): void {
    const { timing, body } = this.#request;
    this.sent = all;
    this.#left = all ? timing.answer + (body.size / MIB) * timing.digest : timing.stall;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
