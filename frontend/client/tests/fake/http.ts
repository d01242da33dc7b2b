import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the fakes see it, with its whole body. */
export interface FakeRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

export interface FakeResponse {
  status: number;
  /** as a fault: whether the request has its effect all the same */
  keep?: boolean;
  headers?: Record<string, string>;
  body?: string | object;
}

/** What goes wrong with a request: an answer of its own, a cut before or after it had its effect, or a wait before it. */
export type Fault = FakeResponse | Cut | Wait;

interface Cut {
  cut: "before" | "after";
  /** bytes of the body that get through before a cut "before" */
  afterBytes?: number;
}

interface Wait {
  /** ms */
  delay: number;
}

/** One HTTP server on loopback, with a log, and a place to make things go wrong. */
export abstract class FakeServer {
  readonly log: FakeRequest[] = [];
  /** asked for each request once its body begins; what it gives goes wrong */
  fault: (asked: Omit<FakeRequest, "body">) => Fault | undefined = () => undefined;
  corsHeaders: Record<string, string> = {};
  inFlight = 0;
  mostInFlight = 0;
  readonly #server: Server = createServer((request, response) => void this.#handle(request, response));
  url = "";

  async start(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  count(method: string, path: RegExp): number {
    return this.log.filter((asked) => asked.method === method && path.test(asked.path)).length;
  }

  protected abstract answer(asked: FakeRequest): FakeResponse;

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? "/", this.url);
    const head = { method: request.method ?? "", path, query, headers: request.headers };
    if (head.method === "OPTIONS") return send(response, { status: 204 }, this.corsHeaders);
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    try {
      await this.#serve(head, request, response);
    } catch {
      response.destroy(); // the client went away
    } finally {
      this.inFlight--;
    }
  }

  async #serve(
    head: Omit<FakeRequest, "body">,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const fault: Partial<Cut & Wait & FakeResponse> = this.fault(head) ?? {};
    const cutAt = fault.cut === "before" ? (fault.afterBytes ?? 0) : Number.POSITIVE_INFINITY;
    const body = await read(request, cutAt);
    if (!body) return void request.socket.destroy();
    const asked = { ...head, body };
    this.log.push(asked);
    if (fault.delay) await new Promise((resolve) => setTimeout(resolve, fault.delay));
    if (fault.status) {
      if (fault.keep) this.answer(asked);
      return send(response, fault as FakeResponse, this.corsHeaders);
    }
    const answer = this.answer(asked);
    if (fault.cut) return void request.socket.destroy();
    send(response, answer, this.corsHeaders);
  }
}

/** The body, or null when it was cut at `cutAt` bytes. */
async function read(request: IncomingMessage, cutAt: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > cutAt) return null;
  }
  return length >= cutAt ? null : Buffer.concat(chunks);
}

function send(
  response: ServerResponse,
  { status, headers, body }: FakeResponse,
  cors: Record<string, string>,
): void {
  const json = typeof body === "object";
  const type = json ? (status < 400 ? "application/json" : "application/problem+json") : "application/xml";
  response.writeHead(status, { "Content-Type": type, ...cors, ...headers });
  response.end(json ? JSON.stringify(body) : body);
}
