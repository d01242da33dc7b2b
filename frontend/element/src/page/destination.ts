import { createUploader, type Uploader } from "@valetkey/client";
import { FirstToken } from "./first-token";
import { defaultEndpoint, pageTickets } from "./page-service";
import { fetchRules, RulesOnce } from "./profile-rules";

export type TokenSource = string | (() => string | Promise<string>);

/** What uploads to the service, and what the service takes. */
interface Connection {
  uploader: Uploader;
  rules: RulesOnce;
}

/** The service that an element uploads to, and the token for it, as its attributes give them. */
export class Destination {
  readonly #host: HTMLElement;
  #token: TokenSource | null = null;
  #connection: Connection | null = null;

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  get token(): TokenSource | null {
    return this.#token ?? this.#host.getAttribute("token");
  }

  set token(token: TokenSource | null) {
    this.#token = token;
    this.reset();
  }

  get uploader(): Uploader {
    return this.#connected.uploader;
  }

  get rules(): RulesOnce {
    return this.#connected.rules;
  }

  /** The types that the profile takes, as far as anybody has asked. */
  get types(): readonly string[] | undefined {
    return this.#connection?.rules.known?.content_types;
  }

  /** Files added from now on are uploaded as the attributes say now. */
  reset(): void {
    this.#connection = null;
  }

  get #connected(): Connection {
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  #connect(): Connection {
    const given = this.#host.getAttribute("endpoint");
    const endpoint = given || defaultEndpoint();
    const profile = this.#host.getAttribute("profile");
    const user = this.#host.getAttribute("user");
    // the page's own tickets are for its own service
    const source = this.token ?? (given ? null : pageTickets(profile));
    const first = typeof source === "function" ? new FirstToken(source) : null;
    const token = first?.next ?? (source as string | null);
    return {
      uploader: createUploader({
        endpoint,
        ...(token && { token }),
        ...(profile && { profile }),
        ...(user && { user }),
      }),
      rules: new RulesOnce(async () =>
        fetchRules(endpoint, profile, (await first?.early()) ?? ((source as string | null) || null)),
      ),
    };
  }
}
