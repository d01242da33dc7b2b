import Foundation

/// An upload as the service describes it.
public struct Upload: Codable, Sendable, Equatable {
    public let id: String
    /// `pending`, `stored`, `confirmed`, `rejected`, `aborted`, `expired` or `deleted`; later versions may know more.
    public let state: String
    public let filename: String
    public let reason: Reason?
    public let object: Object?

    public struct Reason: Codable, Sendable, Equatable {
        public let code: String
        public let detail: String
    }

    /// Where the confirmed bytes are. `size` is in bytes.
    public struct Object: Codable, Sendable, Equatable {
        public let bucket: String
        public let key: String
        public let size: Int64
    }

    /// Whether nothing about it will change but by its owner.
    var hasEnded: Bool { ["confirmed", "rejected", "aborted", "deleted"].contains(state) }
    /// Whether the service may still want bytes of it.
    var isOpen: Bool { state == "pending" || state == "expired" }
}

/// What a client may do at the store.
enum Grant: Decodable, Sendable {
    case post(url: URL, fields: [String: String], fileField: String)
    case put(url: URL, headers: [String: String])
    case multipart(Plan, checksum: String?)

    private enum Key: String, CodingKey {
        case method, url, fields, headers
        case fileField = "file_field"
        case partSize = "part_size"
        case partCount = "part_count"
        case partChecksum = "part_checksum"
    }

    init(from decoder: Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        switch try values.decode(String.self, forKey: .method) {
        case "POST":
            self = .post(
                url: try values.decode(URL.self, forKey: .url),
                fields: try values.decode([String: String].self, forKey: .fields),
                fileField: try values.decode(String.self, forKey: .fileField))
        case "PUT":
            self = .put(
                url: try values.decode(URL.self, forKey: .url),
                headers: try values.decode([String: String].self, forKey: .headers))
        case let method where method != "MULTIPART":
            throw DecodingError.dataCorruptedError(
                forKey: .method, in: values, debugDescription: "no such method: \(method)")
        default:
            let plan = Plan(
                partSize: try values.decode(Int64.self, forKey: .partSize),
                partCount: try values.decode(Int.self, forKey: .partCount))
            self = .multipart(plan, checksum: try values.decodeIfPresent(String.self, forKey: .partChecksum))
        }
    }
}

/// The parts of a file: all of `partSize` bytes but the last. They are numbered from 1.
struct Plan: Codable, Sendable, Equatable {
    let partSize: Int64
    let partCount: Int

    /// The bytes of part `number` in a file of `size` bytes.
    func range(of number: Int, size: Int64) -> Range<Int64> {
        let from = Int64(number - 1) * partSize
        return from..<min(size, from + partSize)
    }
}

/// A part that may be sent now.
struct SignedPart: Decodable, Sendable {
    let number: Int
    let url: URL
    let headers: [String: String]
}

/// A part that the store has; `size` in bytes.
struct StoredPart: Decodable, Sendable {
    let number: Int
    let size: Int64
    let etag: String
}

struct Granted: Decodable, Sendable {
    let upload: Upload
    /// nil where the service needs no more bytes
    let grant: Grant?
    let ticket: String
}

struct SignedParts: Decodable { let parts: [SignedPart] }
struct StoredParts: Decodable { let parts: [StoredPart] }

/// What the service is asked for.
struct Wanted: Codable, Sendable, Equatable {
    let profile: String?
    let filename: String
    let contentType: String
    let size: Int64
    let metadata: [String: String]
    let method: String

    private enum CodingKeys: String, CodingKey {
        case profile, filename, size, metadata, method
        case contentType = "content_type"
    }
}
