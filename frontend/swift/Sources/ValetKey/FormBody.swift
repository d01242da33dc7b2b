import Foundation

/// Writes a form as a file: a background session sends nothing else. The fields come first and the file last, without
/// its own name, which a store may take for more fields (Ceph does). Returns the form's Content-Type. Throws
/// `fileChanged`.
func writeForm(fields: [String: String], fileField: String, file: URL, size: Int64, to target: URL) throws -> String {
    let boundary = "valetkey-\(UUID().uuidString)"
    var head = ""
    for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
        head += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }
    let type = fields.first { $0.key.lowercased() == "content-type" }?.value ?? "application/octet-stream"
    head += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(fileField)\"; filename=\"file\"\r\n"
    head += "Content-Type: \(type)\r\n\r\n"
    try Data(head.utf8).write(to: target)
    let output = try FileHandle(forWritingTo: target)
    defer { try? output.close() }
    try output.seekToEnd()
    guard let input = try? FileHandle(forReadingFrom: file) else { throw ValetKeyError.fileChanged }
    defer { try? input.close() }
    var left = size
    while left > 0 {
        guard let bytes = try input.read(upToCount: Int(min(left, 1 << 20))), !bytes.isEmpty else {
            throw ValetKeyError.fileChanged
        }
        try output.write(contentsOf: bytes)
        left -= Int64(bytes.count)
    }
    try output.write(contentsOf: Data("\r\n--\(boundary)--\r\n".utf8))
    return "multipart/form-data; boundary=\(boundary)"
}
