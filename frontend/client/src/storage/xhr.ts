import {
  answerWithin,
  type StorageAnswer,
  type StorageRequest,
  storageUnreachable,
  type Transport,
} from "./transport";

/** By XMLHttpRequest, since fetch reports no upload progress. */
export const xhrTransport: Transport = {
  async send(request) {
    request.signal.throwIfAborted();
    return new Promise((resolve, reject) => start(request, resolve, reject));
  },
};

function start(
  { method, url, headers, body, size, signal, timing, onProgress }: StorageRequest,
  resolve: (answer: StorageAnswer) => void,
  reject: (reason: unknown) => void,
): void {
  const xhr = new XMLHttpRequest();
  const stop = () => xhr.abort();
  let sent = false;
  let timer: ReturnType<typeof setTimeout>;
  const within = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(stop, ms);
  };
  xhr.upload.onprogress = ({ loaded, total }) => {
    if (!sent) within(timing.stall);
    onProgress(Math.min(size, Math.max(0, loaded - (total - size)))); // a form's fields come before the file
  };
  xhr.upload.onload = () => {
    sent = true; // and nothing moves from here to the answer, however long S3 digests
    within(answerWithin(timing, size));
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
  within(timing.stall);
  xhr.send(body);
}

/** A header that CORS hides is just not in the list; asking for it by name would log an error. */
function header(xhr: XMLHttpRequest, name: string): string | null {
  const wanted = `${name.toLowerCase()}:`;
  const line = xhr
    .getAllResponseHeaders()
    .split("\r\n")
    .find((candidate) => candidate.toLowerCase().startsWith(wanted));
  return line?.slice(wanted.length).trim() ?? null;
}
