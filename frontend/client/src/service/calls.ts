import { asValetKeyError } from "../model/errors";
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

const FORGOTTEN = new Set<number | undefined>([401, 403, 404, 409]);

/**
 * Whether the service, and nobody in its place, said that it does not know the upload, or does not accept its ticket any more; or (409)
 * that it is too old to be renewed, and that parts of it are missing.
 */
export function isForgotten(error: unknown): boolean {
  const { code, status } = asValetKeyError(error);
  return code !== "unexpected_answer" && FORGOTTEN.has(status);
}
