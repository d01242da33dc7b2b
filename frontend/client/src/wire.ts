/** The words of the wire. All but the grants that the service's OpenAPI document does not yet name are generated. */
import type { components } from "./openapi";

type Schemas = components["schemas"];

export type UploadBody = Schemas["UploadBody"];
export type Problem = Schemas["Problem"];
export type Checksum = Schemas["ChecksumIn"];

/** What a client asks for; `method` is wider than the document's until it knows PUT and MULTIPART. */
export type CreateUpload = Omit<Schemas["CreateUpload"], "method"> & { method: Method };

export type PostGrant = Schemas["GrantBody"];

// To be replaced by generated types as soon as the document has them: from here...
export type Method = "auto" | "post" | "put" | "multipart";

export interface PutGrant {
  method: "PUT";
  url: string;
  headers: Record<string, string>;
  expires_at: string;
}

export interface SignedPart {
  number: number;
  /** bytes */
  size: number;
  url: string;
  headers: Record<string, string>;
  expires_at: string;
}

export interface MultipartGrant {
  method: "MULTIPART";
  /** bytes; the last part may be smaller */
  part_size: number;
  part_count: number;
  /** the first few, signed; none in the answer to a batch */
  parts: SignedPart[];
  expires_at: string;
}

export interface StoredPart {
  number: number;
  size: number;
  etag: string;
}

export interface SignedParts {
  parts: SignedPart[];
}

export interface StoredParts {
  parts: StoredPart[];
  part_size: number;
  part_count: number;
}
// ...to here.

export type Grant = PostGrant | PutGrant | MultipartGrant;

/** An upload with what its client needs; `grant` is null when its bytes have arrived already. */
export interface Granted {
  upload: UploadBody;
  grant: Grant | null;
  ticket: string;
}

export type BatchResult = Granted | { error: Problem };

/** What is told to the service about a part that is sent. */
export interface CompletedPart {
  number: number;
  etag: string;
}

/** An upload that the service has proven: its object is there. */
export type ConfirmedUpload = UploadBody & { state: "confirmed"; object: NonNullable<UploadBody["object"]> };
