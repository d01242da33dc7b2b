import { createHash, randomUUID } from "node:crypto";
import type { CreateUpload, Grant, SignedPart, UploadBody } from "../../src/model/wire";
import { type FakeRequest, type FakeResponse, FakeServer } from "./http";
import type { FakeS3 } from "./s3";

interface Kept {
  upload: UploadBody;
  ticket: string;
  /** bytes */
  size: number;
  method: "post" | "put" | "multipart";
  /** answers of `complete` that are still 202 */
  looks: number;
  /** signatures given out for it */
  signatures: string[];
}

/** The service, as far as a client can see it: uploads, grants, parts, completion. */
export class FakeValetKey extends FakeServer {
  readonly uploads = new Map<string, Kept>();
  readonly #byKey = new Map<string, string>();
  readonly #s3: FakeS3;
  #signatures = 0;
  /** bytes */
  partSize = 1000;
  multipartFrom = 5000;
  putOnly = false;
  /** whether S3 lists parts: else there is no upload in parts */
  takesParts = true;
  /** whether S3 wants a checksum with each part, as a bucket with a default retention does */
  partChecksum: "sha256" | null = null;
  /** seconds that signatures live */
  life = 300;
  /** how often `complete` answers 202 first */
  looks = 0;
  /** a reason for which everything is rejected */
  reject: { code: string; detail: string } | null = null;
  /** a token that creations must show */
  token: string | null = null;
  /** what another token is answered with */
  refusal: [number, string] = [401, "unauthenticated"];
  override corsHeaders: Record<string, string> = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "authorization, content-type, idempotency-key",
    "Access-Control-Expose-Headers": "ETag, Location, Retry-After, Idempotency-Replayed",
  };

  constructor(s3: FakeS3) {
    super();
    this.#s3 = s3;
  }

  /** Makes S3 refuse every signature that was given out so far. */
  expireAll(): void {
    for (const kept of this.uploads.values())
      for (const signature of kept.signatures) this.#s3.revoked.add(signature);
  }

  only(): Kept {
    const [kept, ...more] = this.uploads.values();
    if (!kept || more.length > 0) throw new Error(`there are ${this.uploads.size} uploads`);
    return kept;
  }

  protected override answer(asked: FakeRequest): FakeResponse {
    const { method, path } = asked;
    const body = asked.body.length > 0 ? JSON.parse(asked.body.toString()) : {};
    if (asked.body.length > 256 * 1024) return problem(413, "request_entity_too_large");
    if (path === "/v1/uploads") return this.#create(asked, body);
    if (path === "/v1/uploads/batch") return this.#batch(asked, body.uploads);
    const [, id = "", rest = ""] = /^\/v1\/uploads\/([^/]+)\/?(.*)$/.exec(path) ?? [];
    const kept = this.uploads.get(id);
    if (!kept || asked.headers.authorization !== `Bearer ${kept.ticket}`)
      return problem(404, "upload_not_found");
    if (method === "DELETE") return this.#abort(kept);
    if (method === "GET" && rest === "") return { status: 200, body: kept.upload };
    if (rest === "grant") return this.#renew(kept);
    if (rest === "parts")
      return method === "GET" ? this.#listParts(kept) : this.#signParts(kept, body.numbers, body.checksums);
    if (rest === "complete") return this.#complete(kept, body.parts);
    return problem(404, "not_found");
  }

  #create(asked: FakeRequest, body: CreateUpload): FakeResponse {
    if (this.token && asked.headers.authorization !== `Bearer ${this.token}`) return problem(...this.refusal);
    const key = asked.headers["idempotency-key"] as string | undefined;
    const known = key && this.uploads.get(this.#byKey.get(key) ?? "");
    if (known) return { status: 201, body: this.#granted(known, true) };
    const refused = this.#refuse(body);
    if (refused) return refused;
    const kept = this.#new(body);
    if (key) this.#byKey.set(key, kept.upload.id);
    return { status: 201, body: this.#granted(kept, true) };
  }

  #batch(asked: FakeRequest, uploads: CreateUpload[]): FakeResponse {
    if (asked.headers["idempotency-key"] || uploads.length > 100) return problem(422, "invalid_request");
    const one = (body: CreateUpload) => {
      const refused = this.#refuse(body);
      return refused ? { error: refused.body } : this.#granted(this.#new(body), false);
    };
    return { status: 200, body: { results: uploads.map(one) } };
  }

  #refuse({ profile, method }: CreateUpload): FakeResponse | null {
    if (profile === "nosuch") return problem(422, "unknown_profile", "There is no profile nosuch.");
    if (method === "multipart" && !this.takesParts) return problem(422, "method_not_supported");
    return null;
  }

  #new({
    filename,
    path = null,
    content_type,
    size,
    profile = "default",
    metadata = {},
    checksum,
    method = "auto",
  }: CreateUpload): Kept {
    const id = randomUUID();
    const now = new Date().toISOString();
    const upload: UploadBody = {
      id,
      state: "pending",
      profile,
      owner: "",
      filename,
      path,
      content_type,
      size,
      checksum: checksum ?? null,
      checksum_verified: null,
      metadata,
      detected_type: null,
      object: null,
      reason: null,
      confirmed_by: null,
      created_at: now,
      expires_at: now,
      confirmed_at: null,
      claim: null,
    };
    const whole = this.putOnly ? "put" : "post";
    const chosen = size >= this.multipartFrom && !checksum ? "multipart" : whole;
    const kept: Kept = {
      upload,
      ticket: `vt_u${id}`,
      size,
      method: method === "auto" ? chosen : method,
      looks: this.looks,
      signatures: [],
    };
    this.uploads.set(id, kept);
    if (kept.method === "multipart") this.#s3.parts.set(id, new Map());
    else this.#s3.sizes.set(id, size);
    return kept;
  }

  #granted(kept: Kept, withParts: boolean) {
    return { upload: kept.upload, grant: this.#grant(kept, withParts), ticket: kept.ticket };
  }

  #sign(kept: Kept): string {
    const signature = `sig${this.#signatures++}`;
    kept.signatures.push(signature);
    return signature;
  }

  #expiry(): string {
    return new Date(Date.now() + this.life * 1000).toISOString();
  }

  #grant(kept: Kept, withParts: boolean): Grant {
    const { id, content_type } = kept.upload;
    const { size } = kept;
    const expires_at = this.#expiry();
    if (kept.method === "post") {
      const fields = { key: id, "Content-Type": content_type, "x-amz-signature": this.#sign(kept) };
      return { method: "POST", url: `${this.#s3.url}/`, fields, file_field: "file", expires_at };
    }
    if (kept.method === "put") {
      const headers = { "Content-Type": content_type, "Content-Length": String(size), "If-None-Match": "*" };
      return {
        method: "PUT",
        url: `${this.#s3.url}/${id}?signature=${this.#sign(kept)}`,
        headers,
        expires_at,
      };
    }
    const part_count = Math.ceil(size / this.partSize);
    const signs = withParts && !this.partChecksum;
    const first = signs ? [1, 2, 3, 4].filter((number) => number <= part_count) : [];
    const parts = first.map((number) => this.#signed(kept, number));
    const told = this.partChecksum ? { part_checksum: this.partChecksum } : {};
    return { method: "MULTIPART", part_size: this.partSize, part_count, parts, ...told, expires_at };
  }

  #signed(kept: Kept, number: number, checksum?: string): SignedPart {
    const { id } = kept.upload;
    const size = Math.min(this.partSize, kept.size - (number - 1) * this.partSize);
    const url = `${this.#s3.url}/${id}?partNumber=${number}&signature=${this.#sign(kept)}`;
    const headers = {
      "Content-Length": String(size),
      ...(checksum && { "x-amz-checksum-sha256": checksum }),
    };
    return { number, size, url, headers, expires_at: this.#expiry() };
  }

  #renew(kept: Kept): FakeResponse {
    const hasAll = kept.method === "multipart" && this.#s3.objects.has(kept.upload.id);
    if (kept.upload.state !== "pending" || hasAll) return problem(409, "state_conflict");
    return { status: 200, body: this.#granted(kept, true) };
  }

  #signParts(kept: Kept, numbers: number[], checksums: Record<number, string> = {}): FakeResponse {
    if (kept.method !== "multipart" || kept.upload.state !== "pending") return problem(409, "state_conflict");
    return {
      status: 200,
      body: { parts: numbers.map((number) => this.#signed(kept, number, checksums[number])) },
    };
  }

  #listParts(kept: Kept): FakeResponse {
    const stored = [...(this.#s3.parts.get(kept.upload.id) ?? [])].sort(([a], [b]) => a - b);
    const parts = stored.map(([number, { size, etag }]) => ({ number, size, etag }));
    const part_count = Math.ceil(kept.size / this.partSize);
    return { status: 200, body: { parts, part_size: this.partSize, part_count } };
  }

  #abort(kept: Kept): FakeResponse {
    kept.upload = { ...kept.upload, state: kept.upload.state === "confirmed" ? "deleted" : "aborted" };
    this.#s3.parts.delete(kept.upload.id);
    return { status: 204 };
  }

  #complete(kept: Kept, said?: Array<{ number: number; etag: string }>): FakeResponse {
    const { state, id } = kept.upload;
    if (state === "confirmed" || state === "rejected") return { status: 200, body: kept.upload };
    if (state !== "pending") return problem(409, "state_conflict");
    if (kept.looks > 0) {
      kept.looks--;
      return { status: 202, headers: { "Retry-After": "0" }, body: kept.upload };
    }
    const wrong = kept.method === "multipart" && !this.#s3.objects.has(id) && this.#join(kept, said);
    if (wrong) return wrong;
    if (!this.#s3.objects.has(id)) return { status: 202, headers: { "Retry-After": "0" }, body: kept.upload };
    return { status: 200, body: this.#end(kept) };
  }

  #join(kept: Kept, said?: Array<{ number: number; etag: string }>): FakeResponse | null {
    const stored = this.#s3.parts.get(kept.upload.id) ?? new Map();
    const count = Math.ceil(kept.size / this.partSize);
    if (stored.size < count)
      return problem(409, "parts_missing", `${count - stored.size} parts are not there yet.`);
    const differs = said?.some(({ number, etag }) => stored.get(number)?.etag !== etag);
    if (differs) return problem(409, "parts_mismatch", "The parts are not those that S3 has.");
    const bodies = Array.from(
      { length: count },
      (_, index) => stored.get(index + 1)?.body ?? Buffer.alloc(0),
    );
    this.#s3.objects.set(kept.upload.id, Buffer.concat(bodies));
    this.#s3.parts.delete(kept.upload.id);
    return null;
  }

  #etagOf({ upload, method }: Kept): string {
    const whole = this.#s3.objects.get(upload.id) ?? Buffer.alloc(0);
    const bare = (body: Buffer) => this.#s3.etagOf(body).replaceAll('"', "");
    if (method !== "multipart") return bare(whole);
    const count = Math.ceil(whole.length / this.partSize);
    const sums = Array.from({ length: count }, (_, index) =>
      createHash("md5")
        .update(whole.subarray(index * this.partSize, (index + 1) * this.partSize))
        .digest(),
    );
    return `${bare(Buffer.concat(sums))}-${count}`;
  }

  #end(kept: Kept): UploadBody {
    const { upload } = kept;
    if (this.reject) kept.upload = { ...upload, state: "rejected", reason: this.reject };
    else {
      const { content_type } = upload;
      const { size } = kept;
      const object = {
        bucket: "b",
        key: upload.id,
        etag: this.#etagOf(kept),
        version_id: null,
        size,
        content_type,
      };
      kept.upload = {
        ...upload,
        state: "confirmed",
        object,
        confirmed_by: "client",
        confirmed_at: upload.created_at,
      };
    }
    return kept.upload;
  }
}

export function problem(
  status: number,
  code: string,
  detail = code,
  headers: Record<string, string> = {},
): FakeResponse & { body: object } {
  return { status, headers, body: { type: `/docs/errors#${code}`, title: code, status, detail, code } };
}
