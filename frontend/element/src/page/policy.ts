/** What the page's Content-Security-Policy did not allow. */
export interface Blocked {
  /** the directive that has to allow it: `connect-src`, `worker-src`, ... */
  directive: string;
  /** without its query, which may hold a signature */
  url: string;
}

const SENDING = new Set(["connect-src", "worker-src"]); // requests, and the worker for digests

/**
 * Calls `handler` once for each directive and URL that the policy blocks for `host`, until the returned function is called.
 * The browser does not say whose script sent a request: those count that are blocked while `sending()`.
 */
export function watchPolicy(
  host: HTMLElement,
  sending: () => boolean,
  handler: (blocked: Blocked) => void,
): () => void {
  const known = new Set<string>();
  const violated = (event: SecurityPolicyViolationEvent) => {
    if (event.disposition === "report") return;
    const within = event.composedPath().includes(host); // an image or a style in it
    if (!within && !(SENDING.has(event.effectiveDirective) && sending())) return;
    const blocked = { directive: event.effectiveDirective, url: withoutQuery(event.blockedURI) };
    const key = `${blocked.directive} ${blocked.url}`;
    if (known.has(key)) return; // each attempt is blocked anew
    known.add(key);
    handler(blocked);
  };
  document.addEventListener("securitypolicyviolation", violated);
  return () => document.removeEventListener("securitypolicyviolation", violated);
}

function withoutQuery(uri: string): string {
  return uri.split(/[?#]/, 1)[0] ?? uri;
}
