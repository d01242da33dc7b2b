/** The types of the HTTP API under the client's names. They are generated: see `npm run wire`. */
import type { components } from "./openapi";

type Schemas = components["schemas"];

export type UploadBody = Schemas["UploadBody"];
export type Problem = Schemas["Problem"];
export type Checksum = Schemas["ChecksumIn"];

/** What may be uploaded under a profile. */
export type ProfileRules = Schemas["ProfileBody"];

/** What a client asks for. */
export type CreateUpload = Schemas["CreateUpload"];
export type Method = NonNullable<CreateUpload["method"]>;

export type PostGrant = Schemas["PostGrantBody"];
export type PutGrant = Schemas["PutGrantBody"];
/** `parts` holds the first few, signed; none in the response to a batch. */
export type MultipartGrant = Schemas["MultipartGrantBody"];
export type SignedPart = Schemas["PartGrantBody"];
export type SignedParts = Schemas["SignedPartsBody"];
export type StoredPart = Schemas["PartBody"];
export type StoredParts = Schemas["PartsBody"];

/** An upload with its ticket and grant; `grant` is null if the bytes have arrived already. */
export type GrantedUpload = Schemas["GrantedBody"];
export type Grant = NonNullable<GrantedUpload["grant"]>;
export type BatchResult = Schemas["BatchBody"]["results"][number];

/** What the service is told about a sent part. */
export type CompletedPart = Schemas["NamedPartIn"];

/** An upload that the service has proven: its object is there. */
export type ConfirmedUpload = UploadBody & { state: "confirmed"; object: NonNullable<UploadBody["object"]> };
