import { typed } from "../model/errors";
import { ENDED, FORGOTTEN } from "../service/calls";
import type { Service } from "../service/service";
import type { UploadRecord } from "./records";

/** An upload that an earlier page left, and how much of it is there. */
export interface UnfinishedUpload {
  readonly record: UploadRecord;
  /** bytes that S3 is known to have: with all of them it goes on without its file. Null while the service cannot be asked. */
  readonly stored: number | null;
}

const PATIENCE = 10_000; // ms in which the service is asked about one

/** What the service says about an interrupted upload; null when that has ended without a result, or is forgotten. */
export async function unfinished(service: Service, record: UploadRecord): Promise<UnfinishedUpload | null> {
  try {
    const stored = await storedOf(service, record, AbortSignal.timeout(PATIENCE));
    return stored === null ? null : { record, stored };
  } catch (error) {
    return FORGOTTEN.has(typed(error).status ?? 0) ? null : { record, stored: null };
  }
}

async function storedOf(
  service: Service,
  { id, ticket, plan, file }: UploadRecord,
  signal: AbortSignal,
): Promise<number | null> {
  const { state } = await service.get(id, ticket, signal);
  if (ENDED.has(state) || state === "rejected") return null;
  if (state !== "pending") return file.size;
  const parts = plan ? await service.storedParts(id, ticket, signal) : [];
  return parts.reduce((sum, { size }) => sum + size, 0);
}
