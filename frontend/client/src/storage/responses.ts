import { fileChanged, typed, ValetKeyError } from "../model/errors";
import { retryAfter } from "../retry/retry-after";
import type { Operation } from "./classify";
import type { StorageAnswer } from "./transport";

const NO_SUCCESS = /<([\w.-]+:)?Error[\s/>]|^\s*(\{[\s\S]*"(code|message|error)"|<!doctype html|<html)/i;

/**
 * Whether S3 says that it took what was sent. A status of 200 is not enough: the body may be that of an error, or of a page
 * that somebody between us shows.
 */
export function isSuccess({ status, text }: StorageAnswer): boolean {
  return status >= 200 && status < 300 && !NO_SUCCESS.test(text);
}

/** What an answer of S3 that is no success means: `meaning` of the error says what to do about it. */
export async function storageError(answer: StorageAnswer, operation: Operation): Promise<ValetKeyError> {
  const { status, text } = answer;
  const asked = retryAfter(answer.header("Retry-After"));
  const list = await import("./classify").catch(() => null); // it comes by the same network, which may be bad
  if (!list)
    return new ValetKeyError("storage_unavailable", `Status ${status}.`, {
      status,
      retryable: true,
      retryAfter: asked,
    });
  const refusal = list.refusal(operation, status, text, asked);
  return refusal ? new ValetKeyError(...refusal) : fileChanged();
}

/** Whether a request failed without S3 having said why. It may have: many close the connection before we get to read it. */
export function unanswered(error: unknown): boolean {
  return typed(error).status === undefined;
}

/** Whether the bytes may be there although the attempt failed: all of them had left, or somebody else answered. */
export function doubtful(error: unknown): boolean {
  const { sent, meaning } = typed(error);
  return sent || meaning === "look";
}
