import { linked } from "../async/abort";
import { answerWithin, storageUnreachable, type Transport } from "./transport";

const SLOWEST = 8; // bytes per ms: fetch does not tell whether anything moves

/** By fetch: everywhere, but without progress within a request. */
export const fetchTransport: Transport = {
  async send({ method, url, headers, body, size, signal, timing, onProgress }) {
    const { controller, release } = linked(signal);
    const longest = timing.stall + answerWithin(timing, size) + size / SLOWEST;
    const timer = setTimeout(() => controller.abort(), Math.min(longest, 2 ** 31 - 1));
    try {
      const answer = await fetch(url, { method, headers, body, signal: controller.signal });
      const text = await answer.text();
      if (answer.ok) onProgress(size);
      return { status: answer.status, header: (name) => answer.headers.get(name), text };
    } catch (cause) {
      signal.throwIfAborted();
      throw storageUnreachable(url, false, cause);
    } finally {
      clearTimeout(timer);
      release();
    }
  },
};
