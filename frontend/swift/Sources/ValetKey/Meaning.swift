import Foundation

/// What to do about an answer of a store. `service/valetkey/reference/store_answers.json` explains each.
enum Meaning: String, Sendable {
    case taken, again, wait, garbled, odd, fresh, look, gone, file, refused

    /// How often in a row it may come before the upload fails; nil: as long as there is patience.
    var tries: Int? { self == .garbled || self == .odd ? 3 : nil }
}

/// What is sent: a form, an object, or a part of one. The list has a column for each, in this order.
enum SentAs: Int, Sendable, CaseIterable {
    case post, put, part
}

/// What a store's answer means: by its code if that is in the list, else by its status.
func meaning(of status: Int, body: String, to operation: SentAs) -> Meaning {
    let code = errorCode(in: body)
    if (200..<300).contains(status) && !isNoSuccess(body) { return .taken }
    if let known = lookUp(code, in: storeCodes, operation) { return known }
    if code.hasPrefix("KMS.") { return .refused }
    if (200..<300).contains(status) { return .odd }
    return lookUp("\(status)", in: storeStatuses, operation)
        ?? lookUp("\(status / 100)xx", in: storeStatuses, operation) ?? .refused
}

private func lookUp(_ key: String, in rows: [(means: String, keys: String)], _ operation: SentAs) -> Meaning? {
    guard !key.isEmpty, let row = rows.first(where: { " \($0.keys) ".contains(" \(key) ") }) else { return nil }
    let means = row.means.split(separator: " ").map(String.init)
    return Meaning(rawValue: means.count == 1 ? means[0] : means[operation.rawValue])
}

/// A status of 200 is not enough: the body may be an error document, or the page of a proxy.
private func isNoSuccess(_ body: String) -> Bool {
    let pattern = #"<([\w.-]+:)?Error[\s/>]|^\s*(\{[\s\S]*"(code|message|error)"|<!doctype html|<html)"#
    return body.range(of: pattern, options: [.regularExpression, .caseInsensitive]) != nil
}

/// The code of an error document: XML as from S3, with any prefix, attributes or CDATA; or JSON, as from B2 and
/// gateways.
func errorCode(in body: String) -> String {
    let text = body.trimmingCharacters(in: .whitespacesAndNewlines)
    if text.hasPrefix("{") { return jsonCode(text) }
    let pattern = #"<(?:[\w.-]+:)?Code(?:\s[^>]*)?>\s*(?:<!\[CDATA\[)?([^<\]]*)"#
    guard let expression = try? NSRegularExpression(pattern: pattern),
        let found = expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)),
        let range = Range(found.range(at: 1), in: text)
    else { return "" }
    return text[range].trimmingCharacters(in: .whitespacesAndNewlines)
}

private func jsonCode(_ text: String) -> String {
    guard let said = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else { return "" }
    let inner = (said["error"] as? [String: Any]) ?? (said["Error"] as? [String: Any]) ?? said
    let lower = Dictionary(inner.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
    return (lower["code"] as? String) ?? (lower["error"] as? String) ?? ""
}
