import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// How often what failed is tried again. Times in seconds.
public struct RetryPolicy: Sendable {
    /// before the second attempt, roughly; each further delay may be twice as long
    public var delay: TimeInterval = 0.5
    public var longestDelay: TimeInterval = 20
    /// how long one step may keep failing before the upload fails; its record stays, and `resumeAll` goes on with it
    public var patience: TimeInterval = 600

    public init() {}
}

/// What happens to an upload, by its handle's `key`.
public enum UploadEvent: Sendable {
    /// Bytes that the system has sent of the file, as far as this process knows.
    case progress(key: String, sent: Int64, total: Int64)
    case ended(key: String, Result<Upload, ValetKeyError>)
}

/// One upload of this device. `key` names its record; the service's id comes with the result.
public struct UploadHandle: Sendable {
    public let key: String
    fileprivate let task: Task<Upload, Error>

    /// The confirmed upload. Throws `ValetKeyError`. Nobody has to wait for it: the store's event or the service's
    /// sweep confirms too.
    public var confirmed: Upload {
        get async throws { try await task.value }
    }
}

/// Uploads files by the system's background session, and goes on with them after the app was ended.
///
/// Have one for each `directory`, from the start of the app on: what the system did meanwhile arrives there. Call
/// `resumeAll()` then.
public actor Uploader {
    private let service: Service
    private let records: RecordStore
    private let system: any UploadSystem
    private let policy: RetryPolicy
    private let partsAtOnce: Int
    private let onEvent: @Sendable (UploadEvent) -> Void
    private var running: [String: Task<Upload, Error>] = [:]
    private var inboxes: [String: Inbox] = [:]
    private var sent: [Label: Int64] = [:]
    private var totals: [String: Int64] = [:]
    /// those that wait for the end of a task
    private var listening: Set<String> = []
    private var aborting: Set<String> = []
    private let handlers = Handlers()

    /// - Parameters:
    ///   - endpoint: the service's URL
    ///   - token: gets a ticket from your server, which asks the service for it by `POST /v1/tickets`; nil where the
    ///     service asks for none
    ///   - directory: where records and temporary files are, in the app's Application Support
    ///   - identifier: of the background session
    ///   - partsAtOnce: how many parts the system is given at once. Each lies on disk a second time while it is sent
    public init(
        endpoint: URL, directory: URL, identifier: String = "valetkey", partsAtOnce: Int = 4,
        retry: RetryPolicy = RetryPolicy(),
        token: @escaping @Sendable () async throws -> String?,
        onEvent: @escaping @Sendable (UploadEvent) -> Void = { _ in }
    ) throws {
        try self.init(
            service: Service(endpoint: endpoint, token: token), directory: directory,
            system: SessionSystem(identifier: identifier),
            partsAtOnce: partsAtOnce, retry: retry, onEvent: onEvent)
    }

    init(
        service: Service, directory: URL, system: any UploadSystem, partsAtOnce: Int = 4,
        retry: RetryPolicy = RetryPolicy(),
        onEvent: @escaping @Sendable (UploadEvent) -> Void = { _ in }
    ) throws {
        self.service = service
        self.system = system
        self.policy = retry
        self.partsAtOnce = partsAtOnce
        self.onEvent = onEvent
        records = try RecordStore(directory)
        Task { [weak self, system] in
            for await event in system.events { await self?.hear(event) }
        }
    }

    /// Begins to upload `file`, which has to stay where it is until its upload has ended. Throws `file_changed` where it
    /// cannot be read, and `device_failed` where nothing can be written.
    ///
    /// - Parameters:
    ///   - contentType: a media type, as the profile allows it
    ///   - method: `put` sends the file as it is and `multipart` in parts; by default parts from 64 MiB on. `post` is
    ///     for stores that want forms, and writes the form to a file first
    public func upload(
        _ file: URL, contentType: String, filename: String? = nil, profile: String? = nil,
        metadata: [String: String] = [:],
        method: String? = nil
    ) throws -> UploadHandle {
        let reference = try FileReference(file)
        let wanted = Wanted(
            profile: profile, filename: filename ?? file.lastPathComponent, contentType: contentType,
            size: reference.size,
            metadata: metadata, method: method ?? (reference.size < 64 << 20 ? "put" : "multipart"))
        let record = Record(key: UUID().uuidString, file: reference, wanted: wanted, idempotencyKey: UUID().uuidString)
        do {
            try records.save(record)  // before anything is asked for: a lost answer makes no second upload
        } catch {
            throw ValetKeyError(error)
        }
        return start(record)
    }

    /// Goes on with every upload that has not ended. Those that run already are among them.
    public func resumeAll() -> [UploadHandle] {
        records.all().filter { !aborting.contains($0.key) }.map { record in
            running[record.key].map { UploadHandle(key: record.key, task: $0) } ?? start(record)
        }
    }

    /// Ends an upload here, at the service and at the store.
    public func abort(_ key: String) async {
        aborting.insert(key)
        defer { aborting.remove(key) }
        if let task = running[key] {
            task.cancel()
            _ = try? await task.value  // until then it may begin tasks, and write the record
        }
        await system.cancel(key)
        if let record = records.find(key), let id = record.id, let ticket = record.ticket {
            try? await service.abort(id, ticket: ticket)  // else it expires by itself
        }
        records.remove(key)
    }

    /// For `application(_:handleEventsForBackgroundURLSession:completionHandler:)`: `done` is called on the main
    /// queue when the system has told all and the next parts were given to it, or 20 seconds later: the app is
    /// suspended then. Call `resumeAll()` too.
    public nonisolated func handleBackgroundEvents(_ done: @escaping @Sendable () -> Void) { handlers.add(done) }

    private func start(_ record: Record) -> UploadHandle {
        let task = Task { try await self.run(record) }
        running[record.key] = task
        return UploadHandle(key: record.key, task: task)
    }

    private func run(_ record: Record) async throws -> Upload {
        let key = record.key
        var record = record
        totals[key] = record.file.size
        defer { forget(key) }
        do {
            let upload = try await drive(&record)
            records.remove(key)
            onEvent(.ended(key: key, .success(upload)))
            return upload
        } catch {
            var known = Task.isCancelled ? ValetKeyError("aborted", "The upload was aborted.") : ValetKeyError(error)
            if !known.isRetryable && !Task.isCancelled {
                await system.cancel(key)
                do {
                    if known == .fileChanged { try await abandon(record) }
                    records.remove(key)
                } catch {
                    known = ValetKeyError(error)  // the record stays, and with it the file's change
                }
            }
            onEvent(.ended(key: key, .failure(known)))
            throw known
        }
    }

    private func forget(_ key: String) {
        (running[key], inboxes[key], totals[key]) = (nil, nil, nil)
        listening.remove(key)
        sent = sent.filter { $0.key.key != key }
    }

    // MARK: From the creation to the end

    private func drive(_ record: inout Record) async throws -> Upload {
        var grant = try await begin(&record)
        for _ in 0..<4 {
            if !record.isSent {
                try record.file.assertUnchanged()
                if record.plan == nil {
                    try await sendWhole(&record, grant)
                } else if try await !sendParts(of: &record) {
                    try await abandon(record)
                    try await startAnew(&record)
                    grant = try await begin(&record)
                    continue
                }
                try record.file.assertUnchanged()  // else the store may have some of each
                record.isSent = true
                try records.save(record)
            }
            if let upload = try await decided(&record) { return upload }
            grant = nil  // bytes are missing after all: the store lost them, or it had them never
        }
        throw ValetKeyError("storage_unavailable", "The store loses what it took.", isRetryable: true)
    }

    /// Creates the upload, or finds it as an earlier process left it. The grant of a new one; nil where that has to be
    /// asked for.
    private func begin(_ record: inout Record) async throws -> Grant? {
        if let id = record.id, let ticket = record.ticket {
            if let upload = try await stillKnown(id, ticket), !["aborted", "deleted"].contains(upload.state) {
                if !upload.isOpen { record.isSent = true }
                return nil
            }
            try await startAnew(&record)
        }
        try record.file.assertUnchanged()
        let granted = try await create(&record)
        record.token = nil
        record.id = granted.upload.id
        record.ticket = granted.ticket
        if case .multipart(let plan, _) = granted.grant { record.plan = plan }
        record.isSent = granted.grant == nil
        try records.save(record)
        return granted.grant
    }

    /// With the token of an earlier attempt, whose answer may have been lost. One that is refused is replaced once.
    private func create(_ record: inout Record) async throws -> Granted {
        let (wanted, key) = (record.wanted, record.idempotencyKey)
        var refused: (token: String?, ValetKeyError)?
        while true {
            if record.token == nil {
                let token = try await retrying { try await self.service.newToken() }
                if let refused, refused.token == token { throw refused.1 }
                record.token = token
                try records.save(record)
            }
            let token = record.token
            do {
                return try await retrying {
                    try await self.service.create(wanted, idempotencyKey: key, token: token)
                }
            } catch let error as ValetKeyError where [401, 403].contains(error.status) && !error.isRetryable {
                record.token = nil
                try records.save(record)
                if refused != nil { throw error }
                refused = (token, error)
            }
        }
    }

    private func startAnew(_ record: inout Record) async throws {
        await system.cancel(record.key)
        record.startAnew()
        try records.save(record)
    }

    /// Ends it at the service, whose sweep would join what the store has. Throws where that cannot be asked for now.
    private func abandon(_ record: Record) async throws {
        guard let id = record.id, let ticket = record.ticket else { return }
        do {
            try await retrying { try await self.service.abort(id, ticket: ticket) }
        } catch let error as ValetKeyError where !error.isRetryable {}  // it has ended already
    }

    private func stillKnown(_ id: String, _ ticket: String) async throws -> Upload? {
        do {
            return try await retrying { try await self.service.get(id, ticket: ticket) }
        } catch let error as ValetKeyError where [401, 403, 404].contains(error.status) && !error.isRetryable {
            return nil
        }
    }

    /// The parts that the store has, by number, all of this file by digests: its name, size and date prove nothing. nil
    /// where one is of another, or is on its way to the store.
    private func proven(_ plan: Plan, of record: Record) async throws -> Set<Int>? {
        guard let id = record.id, let ticket = record.ticket else { return [] }
        let listed = try await retrying { try await self.service.listParts(of: id, ticket: ticket) }
        let stored = Dictionary(listed.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        var whole: Set<Int> = []
        for number in Set(stored.keys).union(record.digests.keys).sorted() where number <= plan.partCount {
            let range = plan.range(of: number, size: record.file.size)
            let part = stored[number].flatMap { $0.size == Int64(range.count) ? $0 : nil }  // else it is sent again
            let known = record.digests[number]
            if part == nil && known == nil { continue }
            try Task.checkCancellation()
            let digests = try readRange(range, of: record.file.url())
            if let known {
                if known != digests.sha256.base64EncodedString() { return nil }
            } else if part.map({ unquoted($0.etag) }) != digests.md5Hex {
                return nil  // of other bytes, or by no digest that we know
            }
            if part != nil { whole.insert(number) }
        }
        return whole
    }

    /// Asks the service to look until it has decided. nil where it wants bytes. Where the service is unavailable for longer
    /// than there is patience, the record stays: the upload is confirmed without us.
    private func decided(_ record: inout Record) async throws -> Upload? {
        guard let id = record.id, let ticket = record.ticket else { return nil }
        let first = Date()
        while true {
            do {
                let (upload, again) = try await retrying { try await self.service.complete(id, ticket: ticket) }
                if upload.hasEnded {
                    if let error = ValetKeyError.ended(upload) { throw error }
                    return upload
                }
                let waited = Date().timeIntervalSince(first)
                if waited > policy.patience {
                    if upload.isOpen { return try needsBytes(&record) }
                    throw ValetKeyError(
                        "undecided", "The service has the bytes, and has not decided yet. Ask again later.",
                        isRetryable: true)
                }
                try await pause(max(again ?? 1, min(policy.longestDelay, waited / 10)))
            } catch let error as ValetKeyError where ["parts_missing", "parts_mismatch"].contains(error.code) {
                return try needsBytes(&record)
            } catch let error as ValetKeyError where error.code == "state_conflict" {
                let upload = try await retrying { try await self.service.get(id, ticket: ticket) }
                if upload.isOpen { return try needsBytes(&record) }
                if let error = ValetKeyError.ended(upload) { throw error }
                return upload
            }
        }
    }

    private func needsBytes(_ record: inout Record) throws -> Upload? {
        record.isSent = false
        try records.save(record)
        return nil
    }

    // MARK: In one request

    private func sendWhole(_ record: inout Record, _ first: Grant?) async throws {
        guard let id = record.id, let ticket = record.ticket else { return }
        let label = Label(record.key, 0)
        var grant = first
        var failures = Failures(policy)
        var mayHaveArrived = first == nil  // an earlier process may have sent it
        var isUnderWay = await system.underWay().contains(label)
        while true {
            if !isUnderWay {
                if mayHaveArrived, try await hasArrived(id, ticket) { return }
                if grant == nil {
                    grant = try await renewed(id, ticket)
                    if grant == nil { return }
                }
                try begin(grant, of: record, label)
            }
            isUnderWay = false
            let operation: SentAs = if case .post = grant { .post } else { .put }
            let end = try await nextEnd(record.key)
            try? FileManager.default.removeItem(at: records.temporary(label))
            guard let error = refusal(end, operation) else { return }
            mayHaveArrived = end.isSent || error.meaning == .look
            // a dead grant may look like a dead network
            grant = error.meaning == .fresh || end.status == nil ? nil : grant
            try await pause(try failures.delay(after: error))
        }
    }

    private func begin(_ grant: Grant?, of record: Record, _ label: Label) throws {
        try Task.checkCancellation()
        switch grant {
        case .put(let url, let headers):
            system.begin(putRequest(url, headers), file: record.file.url(), label: label)
        case .post(let url, let fields, let fileField):
            let body = records.temporary(label)
            let type = try writeForm(
                fields: fields, fileField: fileField, file: record.file.url(), size: record.file.size, to: body)
            var request = URLRequest(url: url)
            request.httpMethod = "POST"
            request.setValue(type, forHTTPHeaderField: "Content-Type")
            system.begin(request, file: body, label: label)
        default:
            throw ValetKeyError("unexpected_answer", "The upload became a multipart upload.")
        }
    }

    private func hasArrived(_ id: String, _ ticket: String) async throws -> Bool {
        do {
            return try await !retrying { try await self.service.complete(id, ticket: ticket) }.0.isOpen
        } catch let error as ValetKeyError where error.code == "state_conflict" {
            return false  // it expired without its bytes: a fresh grant takes them
        }
    }

    /// nil where the service needs no more bytes.
    private func renewed(_ id: String, _ ticket: String) async throws -> Grant? {
        do {
            return try await retrying { try await self.service.renew(id, ticket: ticket) }.grant
        } catch let error as ValetKeyError where error.code == "state_conflict" {
            return nil
        }
    }

    // MARK: In parts

    /// False where the store has parts of another file.
    private func sendParts(of record: inout Record) async throws -> Bool {
        guard let id = record.id, let ticket = record.ticket else { return true }
        let granted = try await renewed(id, ticket)
        // else it is joined already, or has ended
        guard case .multipart(let plan, let checksum) = granted else { return true }
        record.plan = plan
        let (key, size) = (record.key, record.file.size)
        // before the store is asked: what ends meanwhile is in both
        var underWay = Set(await system.underWay().filter { $0.key == key }.map(\.number))
        guard let whole = try await proven(plan, of: record) else { return false }
        for number in whole { sent[Label(key, number)] = Int64(plan.range(of: number, size: size).count) }
        var waiting = (1...plan.partCount).filter { !whole.contains($0) && !underWay.contains($0) }
        var failures: [Int: Failures] = [:]
        while !waiting.isEmpty || !underWay.isEmpty {
            let next = Array(waiting.prefix(max(0, partsAtOnce - underWay.count)))
            if !next.isEmpty {
                waiting.removeFirst(next.count)
                for number in next {
                    let range = plan.range(of: number, size: size)
                    let copied = try readRange(
                        range, of: record.file.url(), copyTo: records.temporary(Label(key, number)))
                    record.digests[number] = copied.sha256.base64EncodedString()
                }
                try record.file.assertUnchanged()  // of the file as it was, every part that is sent
                try records.save(record)  // the app may be dead when they arrive
                let checksums = checksum == nil ? [:] : record.digests.filter { next.contains($0.key) }
                let signed = try await retrying {
                    try await self.service.signParts(next, checksums: checksums, of: id, ticket: ticket)
                }
                try Task.checkCancellation()
                for part in signed {
                    let label = Label(key, part.number)
                    system.begin(putRequest(part.url, part.headers), file: records.temporary(label), label: label)
                    underWay.insert(part.number)
                }
            }
            let end = try await nextEnd(key)
            let number = end.label.number
            guard underWay.remove(number) != nil else { continue }
            try? FileManager.default.removeItem(at: records.temporary(end.label))
            guard let error = refusal(end, .part) else {
                if record.digests[number] == nil { waiting.insert(number, at: 0) }  // nobody knows of which file
                sent[end.label] = Int64(plan.range(of: number, size: size).count)
                continue
            }
            if error.meaning == .gone { return true }  // the service knows what became of it
            try await pause(try failures[number, default: Failures(policy)].delay(after: error))
            waiting.insert(number, at: 0)
        }
        return true
    }

    private func putRequest(_ url: URL, _ headers: [String: String]) -> URLRequest {
        var request = URLRequest(url: url)
        request.httpMethod = "PUT"
        for (name, value) in headers where !["content-length", "host"].contains(name.lowercased()) {
            request.setValue(value, forHTTPHeaderField: name)  // those two are the system's
        }
        return request
    }

    /// What to do about the end of a task; nil where the store took the bytes. Throws where no other attempt helps.
    private func refusal(_ end: TaskEnd, _ operation: SentAs) -> ValetKeyError? {
        guard let status = end.status else {
            let why = end.failure ?? "no answer"
            return ValetKeyError("storage_unreachable", "The storage cannot be reached: \(why)", isRetryable: true)
        }
        let meaning = meaning(of: status, body: end.body, to: operation)
        let said = errorCode(in: end.body)
        let words = said.isEmpty ? "status \(status)" : said
        let after = end.headers["retry-after"].flatMap(TimeInterval.init)
        switch meaning {
        case .taken: return nil
        case .file: return .fileChanged
        case .refused:
            return ValetKeyError(
                "storage_refused", "The storage refused the file (\(words)).", status: status, meaning: meaning)
        default:
            return ValetKeyError(
                "storage_unavailable", "The storage is unavailable (\(words)).", isRetryable: true, status: status,
                retryAfter: after,
                meaning: meaning)
        }
    }

    // MARK: What the system tells, and waiting

    private func hear(_ event: SystemEvent) {
        switch event {
        case .delivered:
            let done = handlers.take()
            if !done.isEmpty { Task { await self.settle(done) } }
        case .ended(let end):
            if end.status == nil { sent[end.label] = nil }
            guard records.has(end.label.key) else { return }  // it was aborted
            inbox(end.label.key).put(end)
        case .sent(let label, let bytes):
            sent[label] = bytes
            guard let total = totals[label.key] else { return }
            let sum = sent.filter { $0.key.key == label.key }.values.reduce(0, +)
            onEvent(.progress(key: label.key, sent: min(sum, total), total: total))
        }
    }

    /// iOS suspends the app at once after `done`: what was told has to be acted upon before.
    private func settle(_ done: [@Sendable () -> Void]) async {
        let latest = Date().addingTimeInterval(20)  // of the 30 seconds that iOS gives
        while Date() < latest && !isSettled { try? await Task.sleep(nanoseconds: 100_000_000) }
        for each in done { DispatchQueue.main.async(execute: each) }
    }

    /// Whether every upload waits for the end of a task, and none has one that it has not heard of.
    private var isSettled: Bool {
        inboxes.values.allSatisfy { $0.unread == 0 } && running.keys.allSatisfy { listening.contains($0) }
    }

    /// Throws `CancellationError`.
    private func nextEnd(_ key: String) async throws -> TaskEnd {
        listening.insert(key)
        let inbox = inbox(key)
        let end = await inbox.next()
        listening.remove(key)
        try Task.checkCancellation()
        inbox.unread -= 1
        return end
    }

    private func inbox(_ key: String) -> Inbox {
        if let known = inboxes[key] { return known }
        let new = Inbox()
        inboxes[key] = new
        return new
    }

    private func retrying<Value: Sendable>(_ call: @Sendable () async throws -> Value) async throws -> Value {
        var failures = Failures(policy)
        while true {
            try Task.checkCancellation()
            do {
                return try await call()
            } catch let error as ValetKeyError {
                try await pause(try failures.delay(after: error))
            }
        }
    }

    private func pause(_ seconds: TimeInterval) async throws {
        try await Task.sleep(nanoseconds: UInt64(max(0.05, seconds) * 1_000_000_000))
    }
}

private func unquoted(_ etag: String) -> String { etag.replacingOccurrences(of: "\"", with: "").lowercased() }

/// The ends of an upload's tasks, in their order, for the one that waits for them.
private final class Inbox: @unchecked Sendable {
    private let stream: AsyncStream<TaskEnd>
    private let continuation: AsyncStream<TaskEnd>.Continuation
    private var iterator: AsyncStream<TaskEnd>.Iterator
    /// ends that the upload has not acted upon; the uploader's alone
    var unread = 0

    init() {
        (stream, continuation) = AsyncStream.makeStream()
        iterator = stream.makeAsyncIterator()
    }

    func put(_ end: TaskEnd) {
        unread += 1
        continuation.yield(end)
    }

    /// The next end. A task that is cancelled gets one that says so.
    func next() async -> TaskEnd {
        var iterator = self.iterator
        let end = await iterator.next()
        return end
            ?? TaskEnd(label: Label("", -1), status: nil, headers: [:], body: "", isSent: false, failure: "cancelled")
    }
}

/// What iOS waits for.
private final class Handlers: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [@Sendable () -> Void] = []

    func add(_ done: @escaping @Sendable () -> Void) { lock.withLock { all.append(done) } }

    func take() -> [@Sendable () -> Void] {
        lock.withLock {
            defer { all = [] }
            return all
        }
    }
}

/// Failures of one step in a row.
private struct Failures {
    private let policy: RetryPolicy
    private var count = 0
    private var since = Date()

    init(_ policy: RetryPolicy) { self.policy = policy }

    /// Seconds to wait before the next attempt. Throws `error` where there is none.
    mutating func delay(after error: ValetKeyError) throws -> TimeInterval {
        if !error.isRetryable { throw error }
        if count == 0 { since = Date() }
        count += 1
        if let tries = error.meaning?.tries, count >= tries { throw error }
        let ceiling = min(policy.longestDelay, policy.delay * pow(2, Double(count - 1)))
        let busy = error.meaning == .wait ? policy.delay * 2 : 0
        let delay = max(ceiling * Double.random(in: 0.5...1), error.retryAfter ?? busy)
        if Date().timeIntervalSince(since) + delay > policy.patience { throw error }
        return error.meaning == .fresh && count == 1 ? 0 : delay
    }
}
