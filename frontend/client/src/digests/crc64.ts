/**
 * CRC64NVME, as S3 has it of what came in parts: reflected, all bits inverted before and after (NVM Command Set specification).
 * Each half of the 64 bits is a number of its own: BigInt is far slower.
 */
const HIGH = 0x9a6c9329;
const LOW = 0xac4bc9b5;

const high = new Int32Array(256);
const low = new Int32Array(256);

for (let byte = 0; byte < 256; byte++) {
  let [top, bottom] = [0, byte];
  for (let bit = 0; bit < 8; bit++) {
    const odd = bottom & 1;
    bottom = (bottom >>> 1) | (top << 31);
    top >>>= 1;
    if (odd) [top, bottom] = [top ^ HIGH, bottom ^ LOW];
  }
  high[byte] = top;
  low[byte] = bottom;
}

/** The sum of bytes that come piece by piece, like a hash of @noble/hashes. */
export class Crc64Nvme {
  #high = -1;
  #low = -1;

  update(bytes: Uint8Array): this {
    let top = this.#high;
    let bottom = this.#low;
    for (let at = 0; at < bytes.length; at++) {
      const place = (bottom ^ (bytes[at] as number)) & 255;
      bottom = ((bottom >>> 8) | (top << 24)) ^ (low[place] as number);
      top = (top >>> 8) ^ (high[place] as number);
    }
    this.#high = top;
    this.#low = bottom;
    return this;
  }

  /** Eight bytes, the highest first. */
  digest(): Uint8Array {
    const view = new DataView(new ArrayBuffer(8));
    view.setInt32(0, ~this.#high);
    view.setInt32(4, ~this.#low);
    return new Uint8Array(view.buffer);
  }
}
