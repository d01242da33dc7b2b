import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { File } from "expo-file-system";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NativeFile } from "../src/native-file";
import { expoTransport } from "../src/transport";
import { bytesOf, until, written } from "./world";

let server: Server;
let requests = 0;
const timing = { stall: 5_000, answer: 20_000, digest: 0 };

/** A storage that takes everything and never answers. */
beforeEach(async () => {
  requests = 0;
  server = createServer((request) => request.on("end", () => requests++).resume());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  vi.useRealTimers();
  server.closeAllConnections();
  server.close();
});

function sending(signal = new AbortController().signal) {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/key`;
  const body = new NativeFile(new File(written(bytesOf(100))));
  return expoTransport().send({
    method: "PUT",
    url,
    headers: {},
    body,
    signal,
    timing,
    onProgress: () => {},
  });
}

it("gives a task up in which nothing moves, but for the time in which the system suspends the app", async () => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
  let ended: unknown = null;
  const sent = sending().catch((error) => {
    ended = error;
  });
  await until(() => requests === 1);
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(1_000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ended).toBeNull();
  vi.advanceTimersByTime(25_000);
  await sent;
  expect(ended).toMatchObject({ code: "storage_unreachable", retryable: true, sent: true });
});

it("ends with the signal's reason", async () => {
  const controller = new AbortController();
  const sent = sending(controller.signal);
  await until(() => requests === 1);
  controller.abort("why");
  await expect(sent).rejects.toBe("why");
});
