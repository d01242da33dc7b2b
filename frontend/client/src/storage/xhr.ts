import {
  answerTimeout,
  blindTimeout,
  bodyOf,
  type StorageRequest,
  type StorageResponse,
  storageUnreachable,
  type Transport,
} from "./transport";

/** Sends by XMLHttpRequest, since fetch reports no upload progress. */
export const xhrTransport: Transport = {
  async send(request) {
    request.signal.throwIfAborted();
    return new Promise((resolve, reject) => start(request, resolve, reject));
  },
};

function start(
  request: StorageRequest,
  resolve: (response: StorageResponse) => void,
  reject: (reason: unknown) => void,
): void {
  const { method, url, headers, signal, timing, onProgress } = request;
  const { size } = request.body;
  const xhr = new XMLHttpRequest();
  const stop = () => xhr.abort();
  let blind = isThroughWorker();
  let sent = blind; // as far as we know
  let timer: ReturnType<typeof setTimeout>;
  const within = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(stop, ms);
  };
  xhr.upload.onprogress = ({ loaded, total }) => {
    if (blind) blind = sent = false;
    if (!sent) within(timing.stall);
    onProgress(Math.min(size, Math.max(0, loaded - (total - size)))); // a form's fields come before the file
  };
  xhr.upload.onload = () => {
    sent = true; // there is no progress from here to the response, however long S3 digests
    within(answerTimeout(timing, size));
  };
  xhr.onloadend = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    if (signal.aborted) reject(signal.reason);
    else if (xhr.status === 0) reject(storageUnreachable(url, sent));
    else resolve({ status: xhr.status, header: (name) => header(xhr, name), text: xhr.responseText });
  };
  signal.addEventListener("abort", stop, { once: true });
  xhr.open(method, url);
  for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
  within(blind ? blindTimeout(timing, size) : timing.stall);
  xhr.send(bodyOf(request));
}

/** Whether a service worker of the page may be what sends: then there is no progress to be seen, and none means nothing. */
function isThroughWorker(): boolean {
  try {
    return Boolean(globalThis.navigator?.serviceWorker?.controller);
  } catch {
    return false; // a sandboxed frame has none
  }
}

/** Looks in the list of all headers: asking for one that CORS hides would log an error. */
function header(xhr: XMLHttpRequest, name: string): string | null {
  const wanted = `${name.toLowerCase()}:`;
  const line = xhr
    .getAllResponseHeaders()
    .split("\r\n")
    .find((candidate) => candidate.toLowerCase().startsWith(wanted));
  return line?.slice(wanted.length).trim() ?? null;
}
