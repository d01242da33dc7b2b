import { createHash } from "node:crypto";
import { type FakeRequest, type FakeResponse, FakeServer } from "./http";

const EXPIRED = xml("AccessDenied", "Request has expired");

interface StoredPart {
  size: number;
  etag: string;
  body: Buffer;
}

/** What S3 does with the requests that we sign, as far as a client can see it. A `signature` is valid until it is revoked. */
export class FakeS3 extends FakeServer {
  readonly objects = new Map<string, Buffer>();
  readonly parts = new Map<string, Map<number, StoredPart>>();
  /** signatures that S3 no longer takes */
  readonly revoked = new Set<string>();
  hideETag = false;
  /** whether `etagOf` is no MD5 */
  isOpaque = false;
  /** what it calls bytes */
  etagOf: (body: Buffer) => string = md5Of;
  /** characters of a part's ETag, at least */
  etagLength = 0;
  /** bytes that a POST must have, by key */
  readonly sizes = new Map<string, number>();
  override corsHeaders: Record<string, string> = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, PUT",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Expose-Headers": "ETag",
  };

  protected override answer(asked: FakeRequest): FakeResponse {
    if (asked.method === "POST") return this.#post(asked);
    if (asked.method === "PUT") return asked.query.has("partNumber") ? this.#part(asked) : this.#put(asked);
    return { status: 403, body: xml("AccessDenied", "") };
  }

  #post({ headers, body }: FakeRequest): FakeResponse {
    const { fields, file } = form(headers["content-type"] ?? "", body);
    const key = fields.get("key") ?? "";
    if (this.revoked.has(fields.get("x-amz-signature") ?? "")) {
      return { status: 403, body: xml("AccessDenied", "Invalid according to Policy: Policy expired.") };
    }
    const size = this.sizes.get(key) ?? file.length;
    if (file.length > size)
      return { status: 400, body: xml("EntityTooLarge", "Your proposed upload exceeds the maximum") };
    if (file.length < size)
      return { status: 400, body: xml("EntityTooSmall", "Your proposed upload is smaller") };
    this.objects.set(key, file);
    return { status: 201, body: `<PostResponse><Key>${key}</Key></PostResponse>` };
  }

  #put({ path, query, headers, body }: FakeRequest): FakeResponse {
    if (this.revoked.has(query.get("signature") ?? "")) return { status: 403, body: EXPIRED };
    if (headers["if-none-match"] !== "*")
      return { status: 403, body: xml("SignatureDoesNotMatch", "a signed header is missing") };
    if (this.objects.has(path.slice(1))) return { status: 412, body: xml("PreconditionFailed", "") };
    this.objects.set(path.slice(1), body);
    return { status: 200, headers: { ETag: this.etagOf(body) } };
  }

  #part({ path, query, body }: FakeRequest): FakeResponse {
    if (this.revoked.has(query.get("signature") ?? "")) return { status: 403, body: EXPIRED };
    const parts = this.parts.get(path.slice(1));
    if (!parts) return { status: 404, body: xml("NoSuchUpload", "The specified upload does not exist.") };
    const etag = this.etagOf(body).padEnd(this.etagLength, "0");
    parts.set(Number(query.get("partNumber")), { size: body.length, etag, body });
    return { status: 200, headers: this.hideETag ? {} : { ETag: etag } };
  }
}

export function xml(code: string, message: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

function md5Of(body: Buffer): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

/** A multipart/form-data body: its fields up to the file, and the file. */
function form(type: string, body: Buffer): { fields: Map<string, string>; file: Buffer } {
  const boundary = `--${/boundary=(.+)$/.exec(type)?.[1]}`;
  const fields = new Map<string, string>();
  for (let at = body.indexOf(boundary); at >= 0; ) {
    const next = body.indexOf(boundary, at + boundary.length);
    const headEnd = body.indexOf("\r\n\r\n", at);
    if (next < 0 || headEnd < 0) break;
    // Ceph RGW heeds no quotes: what follows a ";" in a file's name is another parameter, and the last one counts (16.2, measured)
    const names = [
      ...body
        .subarray(at, headEnd)
        .toString()
        .matchAll(/; *name="?([^";\r]*)/g),
    ];
    const name = names.at(-1)?.[1] ?? "";
    const value = body.subarray(headEnd + 4, next - 2);
    if (name === "file") return { fields, file: value };
    fields.set(name, value.toString());
    at = next;
  }
  return { fields, file: Buffer.alloc(0) };
}
