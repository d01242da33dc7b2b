import { createUploader, type Uploader } from "@valetkey/client";

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
    const { token } = this;
    const profile = this.#host.getAttribute("profile");
    const user = this.#host.getAttribute("user");
    this.#uploader ??= createUploader({
      endpoint: this.#host.getAttribute("endpoint") || "/",
      ...(token && { token }),
      ...(profile && { profile }),
      ...(user && { user }),
    });
    return this.#uploader;
  }

  /** Files added from now on are uploaded as the attributes say now. */
  reset(): void {
    this.#uploader = null;
  }
}
