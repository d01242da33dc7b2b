import { linked } from "../async/abort";
import { ValetKeyError } from "../model/errors";
import type {
  BatchResult,
  CompletedPart,
  CreateUpload,
  GrantedUpload,
  Problem,
  SignedPart,
  SignedParts,
  StoredPart,
  StoredParts,
  UploadBody,
} from "../model/wire";
import { parseRetryAfter } from "../retry/retry-after";

/** A token for the service, or a function that gets one; it is called again after a 401 or 403. */
export type Token = string | (() => string | Promise<string>);

const TIMEOUT = 60_000; // ms
const COMPLETE_TIMEOUT = 300_000; // ms: the service may copy 5 GB before it responds
const COMPLETE_LIMIT = 200_000; // bytes of a body; the service takes 256 KiB

interface Call {
  signal: AbortSignal;
  body?: unknown;
  /** the upload's own ticket, instead of the uploader's token */
  ticket?: string;
  headers?: Record<string, string>;
  timeout?: number;
  keepalive?: boolean;
}

/** What `complete` returns: the upload, and how long to wait before asking again (ms); null once it has ended. */
export interface Completion {
  upload: UploadBody;
  retryAfter: number | null;
}

/** The service's HTTP API: one method per call, one attempt each. Every failure is a `ValetKeyError`. */
export class Service {
  readonly #endpoint: string;
  readonly #token: Token | undefined;
  #fetched: string | undefined;

  constructor(endpoint: string, token?: Token) {
    this.#endpoint = endpoint;
    this.#token = token;
  }

  async create(request: CreateUpload, idempotencyKey: string, signal: AbortSignal): Promise<GrantedUpload> {
    const headers = { "Idempotency-Key": idempotencyKey };
    return (await this.#call("POST", "/v1/uploads", { signal, body: request, headers })).json();
  }

  /** Creates up to 100; the results are in the order of the requests. */
  async createBatch(uploads: CreateUpload[], signal: AbortSignal): Promise<BatchResult[]> {
    const response = await this.#call("POST", "/v1/uploads/batch", { signal, body: { uploads } });
    return ((await response.json()) as { results: BatchResult[] }).results;
  }

  async get(id: string, ticket: string, signal: AbortSignal): Promise<UploadBody> {
    return (await this.#call("GET", `/v1/uploads/${id}`, { signal, ticket })).json();
  }

  /** A new grant for the same upload. Rejects with `state_conflict` if S3 has its bytes, or it has ended. */
  async renew(id: string, ticket: string, signal: AbortSignal): Promise<GrantedUpload> {
    return (await this.#call("POST", `/v1/uploads/${id}/grant`, { signal, ticket })).json();
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
    const response = await this.#call("POST", `/v1/uploads/${id}/parts`, { signal, ticket, body });
    return ((await response.json()) as SignedParts).parts;
  }

  /** The parts that S3 has. */
  async listParts(id: string, ticket: string, signal: AbortSignal): Promise<StoredPart[]> {
    const response = await this.#call("GET", `/v1/uploads/${id}/parts`, { signal, ticket });
    return ((await response.json()) as StoredParts).parts;
  }

  async complete(
    id: string,
    ticket: string,
    parts: CompletedPart[],
    signal: AbortSignal,
  ): Promise<Completion> {
    const response = await this.#call("POST", `/v1/uploads/${id}/complete`, {
      signal,
      ticket,
      timeout: COMPLETE_TIMEOUT,
      ...withParts(parts),
    });
    const retryAfter =
      response.status === 202 ? (parseRetryAfter(response.headers.get("Retry-After")) ?? 1000) : null;
    return { upload: await response.json(), retryAfter };
  }

  /** Aborts a pending upload. The request outlives the page. */
  async abort(id: string, ticket: string, signal: AbortSignal): Promise<void> {
    await this.#call("DELETE", `/v1/uploads/${id}`, { signal, ticket, keepalive: true });
  }

  async #call(method: string, path: string, call: Call): Promise<Response> {
    const token = call.ticket ?? (await this.#bearer());
    let response = await this.#send(method, path, call, token);
    const refused = [401, 403].includes(response.status); // it may be expired, or used up
    if (refused && call.ticket === undefined && typeof this.#token === "function") {
      if (this.#fetched === token) this.#fetched = undefined;
      response = await this.#send(method, path, call, await this.#bearer());
    }
    if (!response.ok) throw await responseError(response);
    return response;
  }

  async #bearer(): Promise<string | undefined> {
    if (typeof this.#token !== "function") return this.#token;
    try {
      this.#fetched ??= await this.#token();
    } catch (cause) {
      if (cause instanceof ValetKeyError) throw cause;
      throw new ValetKeyError("token_unavailable", "No token is available.", {
        retryable: true,
        cause,
      });
    }
    return this.#fetched;
  }

  /** Sends, and reads the whole response: a connection that is cut in the middle is a failure like any other. */
  async #send(method: string, path: string, call: Call, token: string | undefined): Promise<Response> {
    const { controller, release } = linked(call.signal);
    const timer = setTimeout(() => controller.abort(), call.timeout ?? TIMEOUT);
    const headers: Record<string, string> = { Accept: "application/json", ...call.headers };
    if (token !== undefined) headers.Authorization = `Bearer ${token}`;
    const init: RequestInit = {
      method,
      headers,
      signal: controller.signal,
      keepalive: call.keepalive ?? false,
    };
    if (call.body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(call.body);
    }
    try {
      const response = await fetch(this.#endpoint + path, init);
      const bodiless = response.status === 204 || response.status === 304;
      return new Response(bodiless ? null : await response.text(), response);
    } catch (cause) {
      call.signal.throwIfAborted();
      const detail = "The upload service cannot be reached, or its CORS rules do not allow this page.";
      throw new ValetKeyError("service_unreachable", detail, { retryable: true, cause });
    } finally {
      clearTimeout(timer);
      release();
    }
  }
}

/** The body of `complete`, without the parts if they are too many for one body: the service takes S3's list then. */
function withParts(parts: CompletedPart[]): { body?: { parts: CompletedPart[] } } {
  if (parts.length === 0 || JSON.stringify(parts).length > COMPLETE_LIMIT) return {};
  return { body: { parts } };
}

/** An unsuccessful response as an error. */
async function responseError(response: Response): Promise<ValetKeyError> {
  const { status } = response;
  const retryable = status >= 500 || [408, 425, 429].includes(status);
  const failure = { status, retryable, retryAfter: parseRetryAfter(response.headers.get("Retry-After")) };
  const problem: Partial<Problem> = await response.json().catch(() => ({}));
  if (typeof problem?.code === "string") return problemError({ ...problem, status } as Problem, failure);
  return new ValetKeyError("unexpected_answer", `The upload service answered ${status}.`, failure);
}

/** A problem document as an error, with the sentence of its first detail, which is more specific than its own. */
export function problemError(
  problem: Problem,
  failure: { retryable?: boolean; retryAfter?: number | undefined } = {},
): ValetKeyError {
  const detail = problem.errors?.[0]?.detail ?? problem.detail;
  return new ValetKeyError(problem.code, detail, {
    ...failure,
    status: problem.status,
    errors: problem.errors,
  });
}
