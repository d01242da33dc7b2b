import Foundation

/// Everything that can go wrong, with a stable `code`, and one sentence in `detail` that says what to do.
///
/// The service's own codes come unchanged (`size_out_of_range`, ...), and so do the reasons of a rejection
/// (`type_mismatch`, ...). This client's own are `aborted`, `service_unreachable`, `token_unavailable`,
/// `storage_unreachable`, `storage_unavailable`, `storage_refused`, `file_changed`, `upload_ended`, `undecided`,
/// `unexpected_answer` and `device_failed` (a full disk, for example).
public struct ValetKeyError: Error, Sendable, Equatable, CustomStringConvertible {
    public let code: String
    public let detail: String
    /// Whether the same may succeed later: the record stays, and `resumeAll` goes on with it.
    public let isRetryable: Bool
    /// The HTTP status, where there was an answer.
    public let status: Int?
    /// Seconds after which the other side asked to be asked again.
    var retryAfter: TimeInterval?
    /// What the store's answer means.
    var meaning: Meaning?

    init(
        _ code: String, _ detail: String, isRetryable: Bool = false, status: Int? = nil,
        retryAfter: TimeInterval? = nil, meaning: Meaning? = nil
    ) {
        self.code = code
        self.detail = detail
        self.isRetryable = isRetryable
        self.status = status
        self.retryAfter = retryAfter
        self.meaning = meaning
    }

    public var description: String { "\(code): \(detail)" }

    /// Whether the service does not know the token, or it allows nothing more. After a new login it may.
    var isOfToken: Bool { meaning == nil && (status == 401 || code == "ticket_used_up") }

    var retryable: ValetKeyError {
        ValetKeyError(code, detail, isRetryable: true, status: status, retryAfter: retryAfter, meaning: meaning)
    }

    /// What was thrown by this device's system or by the app ends no upload.
    init(_ error: Error) {
        guard let known = error as? ValetKeyError else {
            self.init("device_failed", "The device could not do it: \(error)", isRetryable: true)
            return
        }
        self = known.isOfToken ? known.retryable : known
    }

    static let fileChanged = ValetKeyError(
        "file_changed", "The file was changed, moved or deleted since its upload began. Upload it again.")

    /// Why an upload ended without a confirmed object; nil if it is confirmed.
    static func ended(_ upload: Upload) -> ValetKeyError? {
        if upload.state == "confirmed" { return nil }
        if let reason = upload.reason, upload.state == "rejected" {
            return ValetKeyError(reason.code, reason.detail)
        }
        return ValetKeyError("upload_ended", "The upload is \(upload.state): it was ended elsewhere.")
    }
}

/// Problem documents of the service (RFC 9457).
struct Problem: Decodable {
    struct Detail: Decodable { let detail: String }
    let code: String
    let detail: String?
    let errors: [Detail]?
}
