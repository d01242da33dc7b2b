import type { ValetKeyError } from "../model/errors";
import type { Service } from "../service/service";
import type { UploadRecord } from "./records";

/** An upload that an earlier page did not finish, and how much of it S3 has. */
export interface InterruptedUpload {
  readonly record: UploadRecord;
  /** bytes that S3 has; with all of them the upload can be resumed without its file. Null while the service is unavailable. */
  readonly stored: number | null;
}

const PATIENCE = 10_000; // ms in which the service is asked about one
// It is imported on demand, so it shares nothing with the rest: see `service/calls`
const FORGOTTEN: unknown[] = [401, 403, 404];
const STRANGER = "unexpected_answer"; // somebody in the place of the service: a proxy, a login page
const ENDED: string[] = ["aborted", "deleted", "expired", "rejected"];

/** Asks the service about an interrupted upload. Null if it has ended without a result, or the service does not know it. */
export async function inspect(service: Service, record: UploadRecord): Promise<InterruptedUpload | null> {
  try {
    const stored = await countStored(service, record, AbortSignal.timeout(PATIENCE));
    return stored === null ? null : { record, stored };
  } catch (error) {
    const { code, status } = error as ValetKeyError;
    const forgotten = code !== STRANGER && FORGOTTEN.includes(status);
    return forgotten ? null : { record, stored: null };
  }
}

async function countStored(
  service: Service,
  { id, ticket, plan, file }: UploadRecord,
  signal: AbortSignal,
): Promise<number | null> {
  const { state } = await service.get(id, ticket, signal);
  if (ENDED.includes(state)) return null;
  if (state !== "pending") return file.size;
  const parts = plan ? await service.listParts(id, ticket, signal) : [];
  return parts.reduce((sum, { size }) => sum + size, 0);
}
