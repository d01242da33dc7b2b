import { createUploader, type Uploader } from "@valetkey/client";
import type { EarlierUpload } from "../state/earlier";
import { fetchEarlier, pageUploads } from "./earlier-uploads";
import { FirstToken } from "./first-token";
import { defaultEndpoint, pageTickets } from "./page-service";
import { fetchRules, RulesOnce } from "./profile-rules";

export type TokenSource = string | (() => string | Promise<string>);

/** What uploads to the service, and what the service takes. */
interface Connection {
  uploader: Uploader;
  rules: RulesOnce;
  /** what is confirmed already of uploads by their ids */
  earlier: (ids: readonly string[]) => Promise<EarlierUpload[]>;
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

  /** Describes those of these uploads that are confirmed, and that this page may know of. */
  earlier(ids: readonly string[]): Promise<EarlierUpload[]> {
    return this.#connected.earlier(ids);
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
    const soon = async () => (await first?.early()) ?? ((source as string | null) || null);
    const ofPage = this.token || given ? null : pageUploads(profile);
    return {
      uploader: createUploader({
        endpoint,
        ...(token && { token }),
        ...(profile && { profile }),
        ...(user && { user }),
      }),
      rules: new RulesOnce(async () => fetchRules(endpoint, profile, await soon())),
      earlier: ofPage ?? (async (ids) => fetchEarlier(endpoint, await soon(), ids)),
    };
  }
}
