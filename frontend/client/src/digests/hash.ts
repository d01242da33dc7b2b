import { md5 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { Crc64Nvme } from "./crc64";

/** The digests in use: SHA-256, MD5, which many ETags are, and the checksum that S3 has of what came in parts. */
export type Algorithm = "sha256" | "md5" | "crc64nvme";

const SUBTLE_UP_TO = 8 * 1024 * 1024; // bytes: WebCrypto is faster, but wants all of them at once
const SLICE = 4 * 1024 * 1024; // bytes

/** A digest of `bytes` in base64, reading a slice at a time. Rejects with what reading rejects with. */
export async function digest(bytes: Blob, algorithm: Algorithm): Promise<string> {
  if (algorithm === "sha256" && bytes.size <= SUBTLE_UP_TO && globalThis.crypto?.subtle) {
    return base64(new Uint8Array(await crypto.subtle.digest("SHA-256", await bytes.arrayBuffer())));
  }
  const hash = { md5: () => md5.create(), sha256: () => sha256.create(), crc64nvme: () => new Crc64Nvme() }[
    algorithm
  ]();
  for (let at = 0; at < bytes.size; at += SLICE) {
    hash.update(new Uint8Array(await bytes.slice(at, at + SLICE).arrayBuffer()));
  }
  return base64(hash.digest());
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
