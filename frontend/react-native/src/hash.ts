// In the place of the client's own digests (scripts/build.mjs): those of files are computed by the system.
import { digest as digestHere } from "../../client/src/digests/hash";
import { asFile, NativeFile } from "./native-file";

type Algorithm = Parameters<typeof digestHere>[1];

const NATIVE = { md5: "MD5", sha256: "SHA-256" } as const;

/** A digest of `bytes` in base64. Rejects with what reading rejects with. */
export async function digest(bytes: Blob, algorithm: Algorithm): Promise<string> {
  if (!(bytes instanceof NativeFile) || algorithm === "crc64nvme") return digestHere(bytes, algorithm);
  return base64(await asFile(bytes, (file) => file.digest(NATIVE[algorithm])));
}

function base64(hex: string): string {
  return btoa(hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16))));
}
