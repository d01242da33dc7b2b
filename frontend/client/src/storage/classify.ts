import type { ClientCode, Failure } from "../model/errors";
import { CODES, STATUSES } from "./store-answers";

/** What is sent to a store: a form, an object, a part of one. */
export type Operation = "post" | "put" | "part";

/** What to do about an answer of a store. The list that it comes from says it in a sentence for each. */
export type Meaning =
  | "taken"
  | "again"
  | "wait"
  | "garbled"
  | "odd"
  | "fresh"
  | "look"
  | "gone"
  | "file"
  | "refused";

/** The code and the message of an error document. */
export interface Said {
  code: string;
  message: string;
}

const FEW = 3; // attempts at what should not happen
const OPERATIONS: Operation[] = ["post", "put", "part"];

/** What the error of an answer is made of; null where it is the file's fault. `retryAfter` is in milliseconds. */
export function refusal(
  operation: Operation,
  status: number,
  text: string,
  retryAfter: number | undefined,
): [code: ClientCode, detail: string, failure: Failure] | null {
  const { code, message } = said(text);
  const meaning = meaningOf(operation, status, { code, message });
  const words = [code, message].filter(Boolean).join(": ") || `status ${status}`;
  const refused = `The storage refused the file (${words}).`;
  const again = { status, meaning, retryable: true, retryAfter };
  switch (meaning) {
    case "again":
    case "wait":
    case "look":
      return ["storage_unavailable", `The storage cannot take the file now (${words}).`, again];
    case "file":
      return null;
    case "garbled": {
      const detail = `The bytes that arrived are not those of the checksum (${words}).`;
      return ["checksum_mismatch", detail, { ...again, tries: FEW }];
    }
    case "odd":
      return ["storage_refused", refused, { ...again, tries: FEW }];
    default:
      return ["storage_refused", refused, { status, meaning }];
  }
}

/** What an answer that is no success means: by its code, if that is in the list, else by its status. */
export function meaningOf(operation: Operation, status: number, said: Said): Meaning {
  const known = found(CODES, said.code, operation);
  if (known) return known;
  if (said.code.startsWith("KMS.")) return "refused";
  if (status >= 200 && status < 300) return "odd";
  return (
    found(STATUSES, `${status}`, operation) ??
    found(STATUSES, `${Math.floor(status / 100)}xx`, operation) ??
    "refused"
  );
}

function found(rows: typeof CODES, key: string, operation: Operation): Meaning | undefined {
  const row = key ? rows.find(([, keys]) => ` ${keys} `.includes(` ${key} `)) : undefined;
  const [all, ...more] = row?.[0].split(" ") ?? [];
  return (more.length ? [all, ...more][OPERATIONS.indexOf(operation)] : all) as Meaning | undefined;
}

/** What an error document says: XML as of S3, with any prefix, attributes or CDATA; or JSON, as of B2 and gateways. */
export function said(text: string): Said {
  const start = text.trimStart();
  if (start.startsWith("{")) return ofJson(start);
  return { code: element(text, "Code"), message: element(text, "Message") };
}

function element(xml: string, name: string): string {
  const pattern = `<(?:[\\w.-]+:)?${name}(?:\\s[^>]*)?>\\s*(?:<!\\[CDATA\\[)?([^<\\]]*)`;
  return (new RegExp(pattern).exec(xml)?.[1] ?? "").trim();
}

function ofJson(text: string): Said {
  try {
    const said = JSON.parse(text);
    const inner = [said.error, said.Error].find((one) => one && typeof one === "object") ?? said;
    const lower = Object.fromEntries(
      Object.entries(inner).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const code = [lower.code, lower.error].find((one) => typeof one === "string") ?? "";
    return { code, message: typeof lower.message === "string" ? lower.message : "" };
  } catch {
    return { code: "", message: "" };
  }
}
