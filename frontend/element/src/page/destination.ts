import { createUploader, type Uploader } from "@valetkey/client";
import { defaultEndpoint, pageTickets } from "./page-service";

export type TokenSource = string | (() => string | Promise<string>);

/** The service that an element uploads to, and the token for it, as its attributes give them. */
export class Destination {
  readonly #host: HTMLElement;
  #token: TokenSource | null = null;
  #uploader: Uploader | null = null;

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
    this.#uploader ??= this.#createUploader();
    return this.#uploader;
  }

  /** Files added from now on are uploaded as the attributes say now. */
  reset(): void {
    this.#uploader = null;
  }

  #createUploader(): Uploader {
    const endpoint = this.#host.getAttribute("endpoint");
    const profile = this.#host.getAttribute("profile");
    const user = this.#host.getAttribute("user");
    // the page's own tickets are for its own service
    const token = this.token ?? (endpoint ? null : pageTickets(profile));
    return createUploader({
      endpoint: endpoint || defaultEndpoint(),
      ...(token && { token }),
      ...(profile && { profile }),
      ...(user && { user }),
    });
  }
}
