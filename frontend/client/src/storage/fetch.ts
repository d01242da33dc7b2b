import { linked } from "../async/abort";
import { blindTimeout, bodyOf, storageUnreachable, type Transport } from "./transport";

/** Sends by fetch: works everywhere, but reports no progress within a request. */
export const fetchTransport: Transport = {
  async send(request) {
    const { method, url, headers, signal, timing, onProgress } = request;
    const { size } = request.body;
    const { controller, release } = linked(signal, blindTimeout(timing, size)); // fetch reports no progress
    try {
      const response = await fetch(url, {
        method,
        headers,
        body: bodyOf(request),
        signal: controller.signal,
      });
      const text = await response.text();
      if (response.ok) onProgress(size);
      return { status: response.status, header: (name) => response.headers.get(name), text };
    } catch (cause) {
      signal.throwIfAborted();
      throw storageUnreachable(url, true, cause); // fetch does not say how much has left
    } finally {
      release();
    }
  },
};
