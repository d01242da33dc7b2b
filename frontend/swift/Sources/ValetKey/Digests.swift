import Foundation

#if canImport(CryptoKit)
    import CryptoKit
#endif

/// Of some bytes: what most stores have as ETag, and what proves that bytes are the same.
struct Digests: Sendable, Equatable {
    let md5: Data
    let sha256: Data

    var md5Hex: String { md5.map { String(format: "%02x", $0) }.joined() }
}

private let piece = 1 << 20  // bytes in memory

/// Reads a range of a file once: its digests, and a copy of it where `copy` names a file. Throws `fileChanged` where the
/// file is gone or shorter, and the system's own error where it cannot be read now, or the copy cannot be written.
func readRange(_ range: Range<Int64>, of file: URL, copyTo copy: URL? = nil) throws -> Digests {
    do {
        return try read(range, of: file, copyTo: copy)
    } catch {
        if let copy { try? FileManager.default.removeItem(at: copy) }
        throw FileManager.default.fileExists(atPath: file.path) ? error : ValetKeyError.fileChanged
    }
}

private func read(_ range: Range<Int64>, of file: URL, copyTo copy: URL?) throws -> Digests {
    let source = try FileHandle(forReadingFrom: file)
    defer { try? source.close() }
    try source.seek(toOffset: UInt64(range.lowerBound))
    var target: FileHandle?
    if let copy {
        try Data().write(to: copy)
        target = try FileHandle(forWritingTo: copy)
    }
    defer { try? target?.close() }
    var (md5, sha256) = (MD5State(), SHA256State())
    var left = range.upperBound - range.lowerBound
    while left > 0 {
        guard let bytes = try source.read(upToCount: Int(min(left, Int64(piece)))), !bytes.isEmpty else {
            throw ValetKeyError.fileChanged
        }
        md5.update(bytes)
        sha256.update(bytes)
        try target?.write(contentsOf: bytes)
        left -= Int64(bytes.count)
    }
    return Digests(md5: md5.finalize(), sha256: sha256.finalize())
}

#if canImport(CryptoKit)

    struct MD5State {
        private var hash = Insecure.MD5()
        mutating func update(_ bytes: Data) { hash.update(data: bytes) }
        func finalize() -> Data { Data(hash.finalize()) }
    }

    struct SHA256State {
        private var hash = SHA256()
        mutating func update(_ bytes: Data) { hash.update(data: bytes) }
        func finalize() -> Data { Data(hash.finalize()) }
    }

#else

    // Where there is no CryptoKit (Linux, for tests): RFC 1321 and FIPS 180-4.

    /// Blocks of 64 bytes from pieces of any size, and the padding at the end.
    private struct Blocks {
        private var rest: [UInt8] = []
        private var count: UInt64 = 0

        mutating func take(_ bytes: Data, each: (UnsafeBufferPointer<UInt8>) -> Void) {
            count += UInt64(bytes.count)
            rest.append(contentsOf: bytes)
            let whole = rest.count / 64 * 64
            rest.withUnsafeBufferPointer { all in
                for start in stride(from: 0, to: whole, by: 64) {
                    each(UnsafeBufferPointer(rebasing: all[start..<start + 64]))
                }
            }
            rest.removeFirst(whole)
        }

        /// The last one or two blocks.
        func padded(bigEndian: Bool) -> [UInt8] {
            let zeros = [UInt8](repeating: 0, count: (119 - rest.count % 64) % 64)
            let bits = count &* 8
            let length = (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * (bigEndian ? 7 - $0 : $0))) }
            return rest + [0x80] + zeros + length
        }
    }

    struct MD5State {
        private static let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
        private static let table = (0..<64).map { UInt32(abs(sin(Double($0 + 1))) * 4_294_967_296) }
        private var blocks = Blocks()
        private var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]

        mutating func update(_ bytes: Data) {
            var state = state
            blocks.take(bytes) { Self.mix($0, into: &state) }
            self.state = state
        }

        func finalize() -> Data {
            var state = state
            let last = blocks.padded(bigEndian: false)
            last.withUnsafeBufferPointer { all in
                for start in stride(from: 0, to: all.count, by: 64) {
                    Self.mix(UnsafeBufferPointer(rebasing: all[start..<start + 64]), into: &state)
                }
            }
            return Data(state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } })
        }

        private static func mix(_ block: UnsafeBufferPointer<UInt8>, into state: inout [UInt32]) {
            var (a, b, c, d) = (state[0], state[1], state[2], state[3])
            for index in 0..<64 {
                let (mixed, at): (UInt32, Int)
                switch index / 16 {
                case 0: (mixed, at) = ((b & c) | (~b & d), index)
                case 1: (mixed, at) = ((d & b) | (~d & c), (5 * index + 1) % 16)
                case 2: (mixed, at) = (b ^ c ^ d, (3 * index + 5) % 16)
                default: (mixed, at) = (c ^ (b | ~d), 7 * index % 16)
                }
                let word =
                    UInt32(block[4 * at]) | UInt32(block[4 * at + 1]) << 8 | UInt32(block[4 * at + 2]) << 16
                    | UInt32(block[4 * at + 3]) << 24
                let sum = a &+ mixed &+ table[index] &+ word
                let shift = shifts[index / 16 * 4 + index % 4]
                (a, d, c, b) = (d, c, b, b &+ (sum << shift | sum >> (32 - shift)))
            }
            for (index, value) in [a, b, c, d].enumerated() { state[index] = state[index] &+ value }
        }
    }

    struct SHA256State {
        private static let primes: [Int] = {
            var found: [Int] = []
            var number = 2
            while found.count < 64 {
                if found.allSatisfy({ number % $0 != 0 }) { found.append(number) }
                number += 1
            }
            return found
        }()
        private static let table = primes.map { fraction(cbrt(Double($0))) }
        private var blocks = Blocks()
        private var state = primes.prefix(8).map { fraction(Double($0).squareRoot()) }

        /// The first 32 bits of the fractional part.
        private static func fraction(_ root: Double) -> UInt32 { UInt32((root - root.rounded(.down)) * 4_294_967_296) }

        mutating func update(_ bytes: Data) {
            var state = state
            blocks.take(bytes) { Self.mix($0, into: &state) }
            self.state = state
        }

        func finalize() -> Data {
            var state = state
            let last = blocks.padded(bigEndian: true)
            last.withUnsafeBufferPointer { all in
                for start in stride(from: 0, to: all.count, by: 64) {
                    Self.mix(UnsafeBufferPointer(rebasing: all[start..<start + 64]), into: &state)
                }
            }
            return Data(
                state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } })
        }

        private static func mix(_ block: UnsafeBufferPointer<UInt8>, into state: inout [UInt32]) {
            func right(_ word: UInt32, _ by: UInt32) -> UInt32 { word >> by | word << (32 - by) }
            var words = [UInt32](repeating: 0, count: 64)
            for index in 0..<16 {
                words[index] =
                    UInt32(block[4 * index]) << 24 | UInt32(block[4 * index + 1]) << 16 | UInt32(block[4 * index + 2])
                    << 8
                    | UInt32(block[4 * index + 3])
            }
            for index in 16..<64 {
                let (x, y) = (words[index - 15], words[index - 2])
                let s0 = right(x, 7) ^ right(x, 18) ^ x >> 3
                let s1 = right(y, 17) ^ right(y, 19) ^ y >> 10
                words[index] = words[index - 16] &+ s0 &+ words[index - 7] &+ s1
            }
            var v = state
            for index in 0..<64 {
                let s1 = right(v[4], 6) ^ right(v[4], 11) ^ right(v[4], 25)
                let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
                let first = v[7] &+ s1 &+ choice &+ table[index] &+ words[index]
                let s0 = right(v[0], 2) ^ right(v[0], 13) ^ right(v[0], 22)
                let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
                (v[7], v[6], v[5], v[4]) = (v[6], v[5], v[4], v[3] &+ first)
                (v[3], v[2], v[1], v[0]) = (v[2], v[1], v[0], first &+ s0 &+ majority)
            }
            for index in 0..<8 { state[index] = state[index] &+ v[index] }
        }
    }

#endif
