import { asValetKeyError, fileChanged, ValetKeyError } from "../model/errors";
import { parseRetryAfter } from "../retry/retry-after";
import type { Operation } from "./classify";
import type { StorageResponse } from "./transport";

const NO_SUCCESS = /<([\w.-]+:)?Error[\s/>]|^\s*(\{[\s\S]*"(code|message|error)"|<!doctype html|<html)/i;

/**
 * Whether S3 accepted what was sent. A status of 200 is not enough: the body may be an error document, or the page
 * of a proxy.
 */
function isSuccess({ status, text }: StorageResponse): boolean {
  return status >= 200 && status < 300 && !NO_SUCCESS.test(text);
}

/** An unsuccessful response of S3 as an error, whose `meaning` says what to do about it; null if it accepted what was sent. */
export async function errorOf(
  response: StorageResponse,
  operation: Operation,
): Promise<ValetKeyError | null> {
  if (isSuccess(response)) return null;
  const { status, text } = response;
  const asked = parseRetryAfter(response.header("Retry-After"));
  const list = await import("./classify").catch(() => null); // it is loaded over the same network, which may fail
  if (!list)
    return new ValetKeyError("storage_unavailable", `Status ${status}.`, {
      status,
      retryable: true,
      retryAfter: asked,
    });
  const refusal = list.describeRefusal(operation, status, text, asked);
  return refusal ? new ValetKeyError(...refusal) : fileChanged();
}

/** Whether a request failed without a response. S3 may have sent one: many close the connection before it can be read. */
export function hasNoResponse(error: unknown): boolean {
  return asValetKeyError(error).status === undefined;
}

/** Whether the bytes may have arrived although the attempt failed: all may have been sent, or a proxy responded. */
export function mayHaveArrived(error: unknown): boolean {
  const { sent, meaning } = asValetKeyError(error);
  return sent || meaning === "look";
}
