import type { EarlierUpload } from "../state/earlier";
import { urlOf } from "./page-service";

const MOST = 100; // that a page asks for at once

/**
 * What gets the uploads of a form that is shown again from the application that the page is of: by its login, those that are of whoever
 * is logged in. Null if the page does not say where, as `{{ valetkey.scripts() }}` does: `<script data-valetkey-uploads="...">`.
 */
export function pageUploads(
  profile: string | null,
): ((ids: readonly string[]) => Promise<EarlierUpload[]>) | null {
  const url = document.querySelector<HTMLElement>("script[data-valetkey-uploads]")?.dataset.valetkeyUploads;
  return url ? (ids) => inParts(ids, (some) => fetchFromPage(url, profile, some)) : null;
}

/** Gets them from the service, which tells what `token` may see: of a ticket, what was created with it. */
export async function fetchEarlier(
  endpoint: string,
  token: string | null,
  ids: readonly string[],
): Promise<EarlierUpload[]> {
  const base = urlOf(endpoint);
  const headers = { Accept: "application/json", ...(token !== null && { Authorization: `Bearer ${token}` }) };
  const each = ids.map(async (id) => {
    const response = await fetch(`${base}/v1/uploads/${id}`, { headers });
    const said = await response.json().catch(() => null);
    // of a proxy without its backend: nobody has said that a form loses what it had
    const isOfService = typeof (response.ok ? said?.state : said?.code) === "string";
    if (isOfService && response.status === 404) return [];
    if (!isOfService || !response.ok) throw new Error(String(response.status));
    return said.state === "confirmed" ? [said] : [];
  });
  return (await Promise.all(each)).flat();
}

async function fetchFromPage(
  url: string,
  profile: string | null,
  ids: readonly string[],
): Promise<EarlierUpload[]> {
  const response = await fetch(url, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify({ ...(profile && { profile }), uploads: ids }),
  });
  const { uploads } = await json(response);
  if (!Array.isArray(uploads)) throw new Error("no list of uploads");
  return uploads;
}

async function inParts<T>(ids: readonly string[], ask: (ids: readonly string[]) => Promise<T[]>) {
  const found: T[] = [];
  for (let at = 0; at < ids.length; at += MOST) found.push(...(await ask(ids.slice(at, at + MOST))));
  return found;
}

/** Rejects for anything but JSON with a good status. */
async function json(response: Response) {
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}
