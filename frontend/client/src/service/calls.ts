import type { Service } from "./service";

/** What calls to the service on behalf of one upload have in common. */
export interface CallContext {
  service: Service;
  signal: AbortSignal;
  /** repeats one call until it succeeds or cannot succeed any more */
  retry<T>(call: () => Promise<T>): Promise<T>;
}

/** States in which an upload has ended without a result. */
export const ENDED_STATES: ReadonlySet<string> = new Set(["aborted", "deleted", "expired"]);

/**
 * Statuses of a service that does not know the upload, or does not accept its ticket any more; or (409) that it is too old to be renewed,
 * and that parts of it are missing.
 */
export const FORGOTTEN_STATUSES: ReadonlySet<number> = new Set([401, 403, 404, 409]);
