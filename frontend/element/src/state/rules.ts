import type { ProfileRules } from "@valetkey/client";
import { covers } from "./accept";
import type { Refusal } from "./item";
import type { CheckedFile } from "./limits";

/** Why the service would refuse a file by these rules of its profile; null if it would not, or if nobody knows them. */
export function checkRules(rules: ProfileRules | null, file: CheckedFile): Refusal | null {
  if (!rules) return null;
  const { content_types, min_size, max_size } = rules;
  if (!covers(content_types, file)) return { key: "wrongKind" };
  if (file.size > max_size) return { key: "tooLarge", limit: max_size };
  if (file.size >= min_size) return null;
  return file.size === 0 ? { key: "empty" } : { key: "tooSmall", limit: min_size };
}
