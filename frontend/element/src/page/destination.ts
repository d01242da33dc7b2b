import { createUploader, type Uploader } from "@valetkey/client";

export type TokenSource = string | (() => string | Promise<string>);

/** Where an element's files go: the service, and the right to upload there, as its attributes say. */
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
    this.renew();
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

  /** What comes from now on goes where the attributes say now. */
  renew(): void {
    this.#uploader = null;
  }
}
