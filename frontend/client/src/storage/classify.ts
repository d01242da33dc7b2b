import type { ClientCode, ErrorDetails } from "../model/errors";
import { CODES, STATUSES } from "./store-answers";

/** What is sent: a form, an object, or a part of one. */
export type Operation = "post" | "put" | "part";

/** What to do about a response of a storage. `store_answers.json` explains each. */
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
export interface ErrorDocument {
  code: string;
  message: string;
}

const FEW = 3; // attempts after responses that should not happen
const OPERATIONS: Operation[] = ["post", "put", "part"];

/** The arguments of the error for a response; null if the file itself is at fault. `retryAfter` is in milliseconds. */
export function describeRefusal(
  operation: Operation,
  status: number,
  text: string,
  retryAfter: number | undefined,
): [code: ClientCode, detail: string, failure: ErrorDetails] | null {
  const { code, message } = parseErrorDocument(text);
  const meaning = classify(operation, status, { code, message });
  const words = [code, message].filter(Boolean).join(": ") || `status ${status}`;
  const refused = `The storage refused the file (${words}).`;
  const again = { status, meaning, retryable: true, retryAfter };
  switch (meaning) {
    case "again":
    case "wait":
    case "look":
      return ["storage_unavailable", `The storage is unavailable (${words}).`, again];
    case "file":
      return null;
    case "garbled": {
      const detail = `The storage received other bytes than the checksum says (${words}).`;
      return ["checksum_mismatch", detail, { ...again, tries: FEW }];
    }
    case "odd":
      return ["storage_refused", refused, { ...again, tries: FEW }];
    default:
      return ["storage_refused", refused, { status, meaning }];
  }
}

/** What an unsuccessful response means: by its code if that is in the list, else by its status. */
export function classify(operation: Operation, status: number, said: ErrorDocument): Meaning {
  const known = lookUp(CODES, said.code, operation);
  if (known) return known;
  if (said.code.startsWith("KMS.")) return "refused";
  if (status >= 200 && status < 300) return "odd";
  return (
    lookUp(STATUSES, `${status}`, operation) ??
    lookUp(STATUSES, `${Math.floor(status / 100)}xx`, operation) ??
    "refused"
  );
}

function lookUp(rows: typeof CODES, key: string, operation: Operation): Meaning | undefined {
  const row = key ? rows.find(([, keys]) => ` ${keys} `.includes(` ${key} `)) : undefined;
  const [all, ...more] = row?.[0].split(" ") ?? [];
  return (more.length ? [all, ...more][OPERATIONS.indexOf(operation)] : all) as Meaning | undefined;
}

/** Parses an error document: XML as from S3, with any prefix, attributes or CDATA; or JSON, as from B2 and gateways. */
export function parseErrorDocument(text: string): ErrorDocument {
  const start = text.trimStart();
  if (start.startsWith("{")) return parseJson(start);
  return { code: xmlElement(text, "Code"), message: xmlElement(text, "Message") };
}

function xmlElement(xml: string, name: string): string {
  const pattern = `<(?:[\\w.-]+:)?${name}(?:\\s[^>]*)?>\\s*(?:<!\\[CDATA\\[)?([^<\\]]*)`;
  return (new RegExp(pattern).exec(xml)?.[1] ?? "").trim();
}

function parseJson(text: string): ErrorDocument {
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
