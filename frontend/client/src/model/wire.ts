/** The types of the HTTP API under the client's names. They are generated: see `npm run wire`. */
import type { components } from "./openapi";

type Schemas = components["schemas"];

export type UploadBody = Schemas["Upload"];
export type Problem = Schemas["Problem"];
export type Checksum = Schemas["DeclaredChecksum"];

/** What may be uploaded under a profile. */
export type ProfileRules = Schemas["Profile"];

/** What a client asks for. */
export type CreateUpload = Schemas["CreateUpload"];
export type Method = NonNullable<CreateUpload["method"]>;

export type PostGrant = Schemas["PostGrant"];
export type PutGrant = Schemas["PutGrant"];
/** `parts` holds the first few, signed; none in the response to a batch. */
export type MultipartGrant = Schemas["MultipartGrant"];
export type SignedPart = Schemas["PartGrant"];
export type SignedParts = Schemas["SignedParts"];
export type StoredPart = Schemas["Part"];
export type StoredParts = Schemas["Parts"];

/** An upload with its ticket and grant; `grant` is null if the bytes have arrived already. */
export type GrantedUpload = Schemas["Granted"];
export type Grant = NonNullable<GrantedUpload["grant"]>;
export type BatchResult = Schemas["BatchResult"];

/** What the service is told about a sent part. */
export type CompletedPart = Schemas["NamedPart"];

/** An upload that the service has proven: its object is there. */
export type ConfirmedUpload = UploadBody & { state: "confirmed"; object: NonNullable<UploadBody["object"]> };
