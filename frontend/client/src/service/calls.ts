import type { Service } from "./service";

/** How the service is asked on behalf of one upload. */
export interface Asking {
  service: Service;
  signal: AbortSignal;
  /** does one call until it succeeds, or fails for good */
  persist<T>(call: () => Promise<T>): Promise<T>;
}

/** The states in which an upload ends without a result. */
export const ENDED: ReadonlySet<string> = new Set(["aborted", "deleted", "expired"]);

/** Statuses of a service that has forgotten an upload, or takes its ticket no more. */
export const FORGOTTEN: ReadonlySet<number> = new Set([401, 403, 404]);
