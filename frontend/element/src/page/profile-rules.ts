import type { ProfileRules } from "@valetkey/client";
import { urlOf } from "./page-service";

const PATIENCE = 2000; // ms; what the rules would refuse, the service refuses too

/** The rules of a profile, as the service tells them: asked for once, when somebody may be about to add a file. */
export class RulesOnce {
  readonly #fetch: () => Promise<ProfileRules | null>;
  #known: ProfileRules | null = null;
  #asked: Promise<void> | null = null;
  #settled = false;

  constructor(fetch: () => Promise<ProfileRules | null>) {
    this.#fetch = fetch;
  }

  /** null before they are known, and where nobody tells them */
  get known(): ProfileRules | null {
    return this.#known;
  }

  /** whether there is nothing to wait for: they are known, or will not be */
  get settled(): boolean {
    return this.#settled;
  }

  /** Asks for them, if nobody has. Resolves when they are known or two seconds have passed; it never rejects. */
  load(): Promise<void> {
    this.#asked ??= this.#ask();
    return this.#asked;
  }

  async #ask(): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE));
    const told = this.#fetch().then(
      (rules) => {
        this.#known = rules;
      },
      () => {},
    );
    await Promise.race([told, late]);
    this.#settled = true;
  }
}

/**
 * Fetches the rules of `profile`; without one those of the token's own profile, or of `default`. Null where the service does not
 * tell them. Rejects if it is unavailable.
 */
export async function fetchRules(
  endpoint: string,
  profile: string | null,
  token: string | null,
): Promise<ProfileRules | null> {
  const base = urlOf(endpoint);
  const path = profile ? `/v1/profiles/${encodeURIComponent(profile)}` : "/v1/profiles";
  const headers = { Accept: "application/json", ...(token !== null && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(base + path, { headers });
  if (!response.ok) return null;
  const body = await response.json();
  const [only, ...others]: ProfileRules[] = profile ? [body] : body.profiles;
  const found = others.length === 0 ? only : [only, ...others].find((one) => one?.name === "default");
  return Array.isArray(found?.content_types) ? found : null;
}
