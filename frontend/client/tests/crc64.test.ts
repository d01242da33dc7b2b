import { describe, expect, test } from "vitest";
import { Crc64Nvme } from "../src/digests/crc64";
import { digest } from "../src/digests/hash";
import { bytesOf, fileOf, world } from "./world";

const hex = (sum: Uint8Array) => [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const crcOf = (...pieces: string[]) => {
  const crc = new Crc64Nvme();
  for (const piece of pieces) crc.update(new TextEncoder().encode(piece));
  return hex(crc.digest());
};

/** Bit by bit, as the polynomial says. */
function slowly(bytes: Uint8Array): string {
  const all = (1n << 64n) - 1n;
  let crc = all;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x9a6c9329ac4bc9b5n : crc >> 1n;
  }
  return (crc ^ all).toString(16).padStart(16, "0");
}

describe("the CRC64NVME of a file", () => {
  test("has the known values", () => {
    expect(crcOf("")).toBe("0000000000000000");
    expect(crcOf("123456789")).toBe("ae8b14860a799888");
    expect(crcOf("\0".repeat(32))).toBe("cf3473434d4ecf3b");
  });

  test("is the same however the bytes come", () => {
    expect(crcOf("1", "", "2345", "6789")).toBe("ae8b14860a799888");
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7919) % 256);
    const crc = new Crc64Nvme().update(bytes.subarray(0, 333)).update(bytes.subarray(333));
    expect(hex(crc.digest())).toBe(slowly(bytes));
  });

  test("is in base64, as S3 has it", async () => {
    expect(await digest(new Blob(["123456789"]), "crc64nvme")).toBe("rosUhgp5mIg=");
  });
});

describe("an upload that declares it", () => {
  const on = world();

  test("has it of the whole, in one piece and in parts", async () => {
    for (const method of ["post", "multipart"] as const) {
      const file = fileOf(9_000);
      const { checksum } = await on.uploader().upload(file, { checksum: "crc64nvme", method }).done;
      const expected = Buffer.from(new Crc64Nvme().update(await bytesOf(file)).digest()).toString("base64");
      expect(checksum).toEqual({ algorithm: "crc64nvme", value: expected });
    }
  });
});
