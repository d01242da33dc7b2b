import { linked } from "../async/abort";
import { within } from "../async/within";
import { ValetKeyError } from "../model/errors";
import type {
  BatchResult,
  CompletedPart,
  CreateUpload,
  GrantedUpload,
  Problem,
  SignedPart,
  StoredPart,
  UploadBody,
} from "../model/wire";
import { parseRetryAfter } from "../retry/retry-after";

/** A token for the service, or a function that gets one; it is called again after a 401 or 403. */
export type Token = string | (() => string | Promise<string>);

const TIMEOUT = 60_000; // ms
const COMPLETE_TIMEOUT = 300_000; // ms: the service may copy 5 GB before it responds
const COMPLETE_LIMIT = 200_000; // bytes of a body; the service takes 256 KiB
const FEW = 3; // attempts where somebody else answers

/** A response, read as a whole. */
interface Answer {
  status: number;
  /** ms */
  retryAfter: number | undefined;
  /** what it is depends on the call; null where it is no JSON */
  // biome-ignore lint/suspicious/noExplicitAny: each method says what it is
  body: any;
}

interface Call {
  signal: AbortSignal;
  body?: unknown;
  /** the upload's own ticket, instead of the uploader's token */
  ticket?: string;
  headers?: Record<string, string>;
  timeout?: number;
}

/** What `complete` returns: the upload, and how long to wait before asking again (ms), if the service says so. */
export interface Completion {
  upload: UploadBody;
  retryAfter: number | undefined;
}

/** The service's HTTP API: one method per call, one attempt each. Every failure is a `ValetKeyError`. */
export class Service {
  readonly #endpoint: string;
  readonly #token: Token | undefined;
  /** what the function for the token gave last, or is about to give: one call of it is for all */
  #fetched: Promise<string> | undefined;

  constructor(endpoint: string, token?: Token) {
    this.#endpoint = endpoint;
    this.#token = token;
  }

  async create(request: CreateUpload, idempotencyKey: string, signal: AbortSignal): Promise<GrantedUpload> {
    const headers = { "Idempotency-Key": idempotencyKey };
    return (await this.#call("POST", "", "grant", { signal, body: request, headers })).body;
  }

  /** Creates up to 100; the results are in the order of the requests. */
  async createBatch(uploads: CreateUpload[], signal: AbortSignal): Promise<BatchResult[]> {
    return (await this.#call("POST", "/batch", "results", { signal, body: { uploads } })).body.results;
  }

  async get(id: string, ticket: string, signal: AbortSignal): Promise<UploadBody> {
    return (await this.#call("GET", `/${id}`, "state", { signal, ticket })).body;
  }

  /** A new grant for the same upload. Rejects with `state_conflict` if S3 has its bytes, or it has ended. */
  async renew(id: string, ticket: string, signal: AbortSignal): Promise<GrantedUpload> {
    return (await this.#call("POST", `/${id}/grant`, "grant", { signal, ticket })).body;
  }

  /** `checksums` are those of the parts in base64, if the grant asks for them. */
  async signParts(
    id: string,
    ticket: string,
    numbers: number[],
    signal: AbortSignal,
    checksums?: Record<number, string>,
  ): Promise<SignedPart[]> {
    const body = { numbers, ...(checksums && { checksums }) };
    return (await this.#call("POST", `/${id}/parts`, "parts", { signal, ticket, body })).body.parts;
  }

  /** The parts that S3 has. */
  async listParts(id: string, ticket: string, signal: AbortSignal): Promise<StoredPart[]> {
    return (await this.#call("GET", `/${id}/parts`, "parts", { signal, ticket })).body.parts;
  }

  async complete(
    id: string,
    ticket: string,
    parts: CompletedPart[],
    signal: AbortSignal,
  ): Promise<Completion> {
    const { retryAfter, body } = await this.#call("POST", `/${id}/complete`, "state", {
      signal,
      ticket,
      timeout: COMPLETE_TIMEOUT,
      ...withParts(parts),
    });
    return { upload: body, retryAfter };
  }

  /** Aborts a pending upload. The request outlives the page. */
  async abort(id: string, ticket: string, signal: AbortSignal): Promise<void> {
    await this.#call("DELETE", `/${id}`, "", { signal, ticket });
  }

  /** One attempt. `member` is what a success has, at least: without it somebody else has answered. "" if it has no body. */
  async #call(method: string, path: string, member: string, call: Call): Promise<Answer> {
    const token = call.ticket ?? (await this.#bearer(call.signal));
    let answer = await this.#send(method, path, call, token);
    const refused = [401, 403].includes(answer.status); // it may be expired, or used up
    if (refused && call.ticket === undefined && typeof this.#token === "function") {
      if ((await this.#fetched) === token) this.#fetched = undefined;
      answer = await this.#send(method, path, call, await this.#bearer(call.signal));
    }
    const { status, body } = answer;
    if (status < 300 && (!member || body?.[member] !== undefined)) return answer;
    throw responseError(answer);
  }

  async #bearer(signal: AbortSignal): Promise<string | undefined> {
    if (typeof this.#token !== "function") return this.#token;
    const token = this.#token;
    this.#fetched ??= Promise.resolve().then(token);
    const fetched = this.#fetched;
    try {
      return await within(fetched, TIMEOUT, signal); // a page may never give one
    } catch (cause) {
      if (this.#fetched === fetched) this.#fetched = undefined;
      if (cause instanceof ValetKeyError) throw cause;
      throw new ValetKeyError("token_unavailable", "No token is available.", {
        retryable: true,
        cause,
      });
    }
  }

  /** Sends, and reads the whole response: a connection that is cut in the middle is a failure like any other. */
  async #send(method: string, path: string, call: Call, token: string | undefined): Promise<Answer> {
    const { controller, release } = linked(call.signal, call.timeout ?? TIMEOUT);
    const headers: Record<string, string> = { Accept: "application/json", ...call.headers };
    if (token !== undefined) headers.Authorization = `Bearer ${token}`;
    const init: RequestInit = {
      method,
      headers,
      signal: controller.signal,
      keepalive: method === "DELETE",
    };
    if (call.body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(call.body);
    }
    try {
      const response = await fetch(`${this.#endpoint}/v1/uploads${path}`, init);
      const text = await response.text();
      const retryAfter = parseRetryAfter(response.headers.get("Retry-After"));
      return { status: response.status, retryAfter, body: parse(text) };
    } catch (cause) {
      call.signal.throwIfAborted();
      const detail = "The upload service cannot be reached, or its CORS rules do not allow this page.";
      throw new ValetKeyError("service_unreachable", detail, { retryable: true, cause });
    } finally {
      release();
    }
  }
}

/** The body of `complete`, without the parts if they are too many for one body: the service takes S3's list then. */
function withParts(parts: CompletedPart[]): { body?: { parts: CompletedPart[] } } {
  if (parts.length === 0 || JSON.stringify(parts).length > COMPLETE_LIMIT) return {};
  return { body: { parts } };
}

function parse(text: string): Answer["body"] {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the page of a proxy
  }
}

/** An unsuccessful response as an error. What is not the service's own may be so for a moment: a login page, a missing backend. */
function responseError({ status, retryAfter, body }: Answer): ValetKeyError {
  if (body?.code && body.detail) return problemError(body, retryAfter);
  const failure = { status, retryable: true, retryAfter, tries: mayPass(status) ? undefined : FEW };
  return new ValetKeyError("unexpected_answer", `The upload service answered ${status}.`, failure);
}

/** A problem document as an error, with the sentence of its first detail, which is more specific than its own. */
export function problemError(
  { code, detail, status, errors }: Problem,
  retryAfter?: number | undefined,
): ValetKeyError {
  const failure = { status, retryable: mayPass(status), retryAfter, errors: errors ?? [] };
  return new ValetKeyError(code, errors?.[0]?.detail ?? detail, failure);
}

function mayPass(status: number): boolean {
  return status >= 500 || [408, 425, 429].includes(status);
}
