import Foundation

/// A file, in words that hold after an update of the app: iOS moves its folders then.
struct FileReference: Codable, Sendable, Equatable {
    /// below the app's home, where it is there; else absolute
    let path: String
    let isBelowHome: Bool
    /// bytes
    let size: Int64
    /// seconds since 1970
    let modified: Double

    init(_ file: URL, home: String = NSHomeDirectory()) throws {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
        guard let attributes, let size = attributes[.size] as? NSNumber else { throw ValetKeyError.fileChanged }
        let root = home.hasSuffix("/") ? home : home + "/"
        isBelowHome = file.path.hasPrefix(root)
        path = isBelowHome ? String(file.path.dropFirst(root.count)) : file.path
        self.size = size.int64Value
        modified = ((attributes[.modificationDate] as? Date) ?? .distantPast).timeIntervalSince1970.rounded()
    }

    func url(home: String = NSHomeDirectory()) -> URL {
        isBelowHome ? URL(fileURLWithPath: home).appendingPathComponent(path) : URL(fileURLWithPath: path)
    }

    /// Throws `fileChanged` where the file is gone, or has another size or date.
    func assertUnchanged() throws {
        guard let now = try? FileReference(url()), now.size == size, now.modified == modified else {
            throw ValetKeyError.fileChanged
        }
    }
}

/// What is kept of an upload, so that it goes on after the app was ended.
struct Record: Codable, Sendable {
    /// ours, for as long as the record lives; the names of the system's tasks begin with it
    let key: String
    let file: FileReference
    let wanted: Wanted
    /// with it a repeated creation gives the same upload
    var idempotencyKey: String
    /// what it is asked for with, until it is created: the same key with another token is another upload
    var token: String?
    var id: String?
    var ticket: String?
    var plan: Plan?
    /// SHA-256 in base64 of the parts that were given to the system, by number: from before they were
    var digests: [Int: String] = [:]
    /// whether the store has all bytes: what is left is the service's
    var isSent = false

    /// Forgets the upload: a new one begins.
    mutating func startAnew() {
        (token, id, ticket, plan, digests, isSent) = (nil, nil, nil, nil, [:], false)
        idempotencyKey = UUID().uuidString
    }
}

/// Records as files, one for each upload, and the temporary files that are sent.
struct RecordStore: Sendable {
    let directory: URL

    init(_ directory: URL) throws {
        self.directory = directory
        let sending = directory.appendingPathComponent("sending")
        try FileManager.default.createDirectory(at: sending, withIntermediateDirectories: true)
    }

    func all() -> [Record] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
            guard let data = try? Data(contentsOf: directory.appendingPathComponent(name)) else { return nil }
            return try? JSONDecoder().decode(Record.self, from: data)
        }
    }

    /// nil where there is none, or none that can be read.
    func find(_ key: String) -> Record? {
        guard let data = try? Data(contentsOf: file(of: key)) else { return nil }
        return try? JSONDecoder().decode(Record.self, from: data)
    }

    func has(_ key: String) -> Bool { FileManager.default.fileExists(atPath: file(of: key).path) }

    func save(_ record: Record) throws {
        var options: Data.WritingOptions = [.atomic]
        #if canImport(Darwin)
            // the system starts the app when the phone is locked, too
            options.insert(.completeFileProtectionUntilFirstUserAuthentication)
        #endif
        try JSONEncoder().encode(record).write(to: file(of: record.key), options: options)
    }

    func remove(_ key: String) {
        try? FileManager.default.removeItem(at: file(of: key))
        let sending = directory.appendingPathComponent("sending")
        for name in (try? FileManager.default.contentsOfDirectory(atPath: sending.path)) ?? []
        where name.hasPrefix(key) {
            try? FileManager.default.removeItem(at: sending.appendingPathComponent(name))
        }
    }

    /// Where what is sent under this label lies meanwhile.
    func temporary(_ label: Label) -> URL {
        directory.appendingPathComponent("sending").appendingPathComponent("\(label.key)-\(label.number)")
    }

    private func file(of key: String) -> URL { directory.appendingPathComponent("\(key).json") }
}
