import { ValetKeyError } from "@valetkey/client";
import { LoggedOut } from "../state/logged-out";

const PATIENCE = 60_000; // ms in which the application answers; without an answer the upload would stand still for ever

let servedAt: string | null = null;

/** Elements without `endpoint` upload to the service at `url`: that which this script came from. */
export function setServedAt(url: URL): void {
  servedAt = url.href;
}

/** The endpoint of elements that name none. */
export function defaultEndpoint(): string {
  return servedAt ?? "/";
}

/** The URL of an endpoint, without "/" at its end. A frame may have no address of its own, and know it by its document only. */
export function urlOf(endpoint: string): string {
  const { href } = location;
  return new URL(endpoint, href.startsWith("about:") ? document.baseURI : href).href.replace(/\/+$/, "");
}

/**
 * Gets tickets for `profile` from the application that the page is of; null if none gives any. The page says where, as
 * `{{ valetkey.scripts() }}` does: `<script data-valetkey-tickets="/session/ticket">`.
 */
export function pageTickets(profile: string | null): (() => Promise<string>) | null {
  const url = document.querySelector<HTMLElement>("script[data-valetkey-tickets]")?.dataset.valetkeyTickets;
  return url ? () => fetchTicket(url, profile) : null;
}

/** Rejects with a `ValetKeyError` that is final where the application says no; 401 and the page of a login say who is not there. */
async function fetchTicket(url: string, profile: string | null): Promise<string> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  const response = await fetch(url, {
    signal: stop.signal,
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(profile ? { profile } : {}),
  });
  const { status } = response;
  const body = await response.json().catch(() => ({}));
  clearTimeout(timer);
  if (response.ok && typeof body.ticket === "string") return body.ticket;
  const known = typeof body.code === "string";
  const Failure = status === 401 || (response.ok && !known) ? LoggedOut : ValetKeyError;
  throw new Failure(
    known ? body.code : "token_unavailable",
    known ? body.detail : "The page gives no ticket for uploads any more. Reload it, and log in again.",
    { status, retryable: status >= 500 || status === 429 },
  );
}
