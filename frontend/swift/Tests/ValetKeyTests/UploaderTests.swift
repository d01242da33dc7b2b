import Foundation
import XCTest

@testable import ValetKey

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif
#if canImport(Glibc)
    import Glibc
#endif

/// What a value is protected by, for the stand-ins below.
private final class Guarded<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value
    init(_ value: Value) { self.value = value }
    func with<Result>(_ use: (inout Value) -> Result) -> Result { lock.withLock { use(&value) } }
}

/// Stands in for the service: what it is asked, and one upload of parts of four bytes.
private final class FakeService: @unchecked Sendable {
    struct State {
        var calls: [String] = []
        var tokens: [String?] = []
        var keys: [String] = []
        var stored: [Int: Data] = [:]
        var isAborted = false
    }
    let state = Guarded(State())
    let size: Int
    /// by "METHOD last-part-of-path" and the number of calls of it so far; nil: as the service answers
    let instead: @Sendable (String, Int) async throws -> (Int, String)?

    init(size: Int, instead: @escaping @Sendable (String, Int) async throws -> (Int, String)? = { _, _ in nil }) {
        (self.size, self.instead) = (size, instead)
    }

    var calls: [String] { state.with { $0.calls } }

    private func upload(_ state: String) -> String { #"{"id": "u", "state": "\#(state)", "filename": "f"}"# }

    func exchange(_ request: URLRequest) async throws -> (Data, HTTPURLResponse) {
        let method = request.httpMethod ?? ""
        let call = "\(method) \(request.url?.lastPathComponent ?? "")"
        let before = state.with { state in
            state.calls.append(call)
            if call == "POST uploads" {
                state.tokens.append(request.value(forHTTPHeaderField: "Authorization"))
                state.keys.append(request.value(forHTTPHeaderField: "Idempotency-Key") ?? "")
            }
            return state.calls.filter { $0 == call }.count - 1
        }
        var (status, body) = try await instead(call, before) ?? usual(call, request)
        if status == 0 { throw ValetKeyError("service_unreachable", body, isRetryable: true) }
        if status >= 400 && !body.hasPrefix("<") { body = #"{"code": "\#(body)", "detail": "d"}"# }
        let url = try XCTUnwrap(request.url)
        return (
            Data(body.utf8),
            try XCTUnwrap(HTTPURLResponse(url: url, statusCode: status, httpVersion: nil, headerFields: nil))
        )
    }

    private func usual(_ call: String, _ request: URLRequest) throws -> (Int, String) {
        let count = (size + 3) / 4
        let grant = #"{"method": "MULTIPART", "part_size": 4, "part_count": \#(count), "parts": []}"#
        switch call {
        case "POST uploads", "POST grant":
            return (201, #"{"upload": \#(upload("pending")), "ticket": "t", "grant": \#(grant)}"#)
        case "GET u": return (200, upload(state.with { $0.isAborted } ? "aborted" : "pending"))
        case "GET parts":
            // its ETags are no MD5s
            let parts = state.with { $0.stored }.map {
                #"{"number": \#($0.key), "size": \#($0.value.count), "etag": "\"opaque\""}"#
            }
            return (200, #"{"parts": [\#(parts.joined(separator: ","))]}"#)
        case "POST parts":
            let said = try JSONSerialization.jsonObject(with: request.httpBody ?? Data()) as? [String: Any]
            let parts = ((said?["numbers"] as? [Int]) ?? []).map {
                #"{"number": \#($0), "url": "http://s3/\#($0)", "headers": {}}"#
            }
            return (200, #"{"parts": [\#(parts.joined(separator: ","))]}"#)
        case "POST complete": return (200, upload("confirmed"))
        case "DELETE u":
            state.with { state in (state.isAborted, state.stored) = (true, [:]) }
            return (200, upload("aborted"))
        default: return (404, "not_found")
        }
    }
}

/// Stands in for the system's session: the store takes each part after `each`, if that says so.
private final class FakeSystem: UploadSystem, @unchecked Sendable {
    let events: AsyncStream<SystemEvent>
    let tell: AsyncStream<SystemEvent>.Continuation
    let begun = Guarded<[Label]>([])
    let alive = Guarded<Set<Label>>([])
    let cancelled = Guarded<[String]>([])
    private let service: FakeService
    private let each: @Sendable (Label) -> Bool

    init(_ service: FakeService, each: @escaping @Sendable (Label) -> Bool = { _ in true }) {
        (events, tell) = AsyncStream.makeStream()
        (self.service, self.each) = (service, each)
    }

    func begin(_ request: URLRequest, file: URL, label: Label) {
        let bytes = (try? Data(contentsOf: file)) ?? Data()
        begun.with { $0.append(label) }
        alive.with { _ = $0.insert(label) }
        if each(label) { arrive(label, bytes) }
    }

    func arrive(_ label: Label, _ bytes: Data) {
        service.state.with { $0.stored[label.number] = bytes }
        end(label, 200)
    }

    func end(_ label: Label, _ status: Int?) {
        alive.with { _ = $0.remove(label) }
        tell.yield(
            .ended(TaskEnd(label: label, status: status, headers: [:], body: "", isSent: true, failure: nil)))
    }

    func underWay() async -> Set<Label> { alive.with { $0 } }

    func cancel(_ key: String) async {
        cancelled.with { $0.append(key) }
        alive.with { $0 = $0.filter { $0.key != key } }
    }

    var numbers: [Int] { begun.with { $0.map(\.number) } }
}

/// Waits until it is so, for five seconds at most.
private func eventually(_ isSo: () -> Bool) async throws {
    for _ in 0..<250 where !isSo() { try await Task.sleep(nanoseconds: 20_000_000) }
    XCTAssertTrue(isSo())
}

private struct LoggedOut: Error {}

/// What an upload does when the app, the device or the service fails. The service and the system's session are stood in
/// for: neither fails when it is asked to.
final class UploaderTests: XCTestCase {
    private var folder = URL(fileURLWithPath: NSTemporaryDirectory())

    override func setUpWithError() throws {
        folder = folder.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    private var records: URL { folder.appendingPathComponent("records") }

    private func left() throws -> [Record] { try RecordStore(records).all() }

    private func film(_ text: String = "aaaabbbbccccdddd") throws -> URL {
        let file = folder.appendingPathComponent("film.mp4")
        try Data(text.utf8).write(to: file)
        return file
    }

    private func app(
        _ service: FakeService, _ system: FakeSystem, partsAtOnce: Int = 4, patience: TimeInterval = 0.2,
        token: @escaping @Sendable () async throws -> String? = { "token" }
    ) throws -> Uploader {
        var retry = RetryPolicy()
        (retry.delay, retry.patience) = (0.01, patience)
        return try Uploader(
            service: Service(endpoint: URL(string: "http://service")!, token: token) { try await service.exchange($0) },
            directory: records, system: system, partsAtOnce: partsAtOnce, retry: retry)
    }

    private func begin(_ uploader: Uploader, _ file: URL, method: String = "multipart") async throws -> UploadHandle {
        try await uploader.upload(file, contentType: "video/mp4", method: method)
    }

    private func failure(_ handle: UploadHandle) async -> ValetKeyError? {
        do {
            _ = try await handle.confirmed
            return nil
        } catch { return error as? ValetKeyError }
    }

    func testWithoutATokenTheUploadStays() async throws {
        let service = FakeService(size: 16)
        let system = FakeSystem(service)
        let isLoggedIn = Guarded(false)
        let uploader = try app(service, system) {
            if !isLoggedIn.with({ $0 }) { throw LoggedOut() }
            return "token"
        }
        let error = await failure(try await begin(uploader, film()))
        XCTAssertEqual([error?.code, error.map { "\($0.isRetryable)" }], ["token_unavailable", "true"])
        XCTAssertEqual(try left().count, 1)
        isLoggedIn.with { $0 = true }
        for handle in await uploader.resumeAll() { _ = try await handle.confirmed }
        XCTAssertEqual(system.numbers, [1, 2, 3, 4])
        XCTAssertEqual(try left().count, 0)
    }

    func testATokenThatIsRefusedIsReplacedOnceAndTheUploadStays() async throws {
        for (status, code) in [(401, "unauthenticated"), (403, "ticket_used_up")] {
            let service = FakeService(size: 16) { call, before in
                call == "POST uploads" && before < 2 ? (status, code) : nil
            }
            let count = Guarded(0)
            let uploader = try app(service, FakeSystem(service)) {
                count.with { count in
                    count += 1
                    return "token \(count)"
                }
            }
            let error = await failure(try await begin(uploader, film()))
            XCTAssertEqual([error?.code, error.map { "\($0.isRetryable)" }], [code, "true"])
            XCTAssertEqual(service.state.with { $0.tokens }, ["Bearer token 1", "Bearer token 2"])
            for handle in await uploader.resumeAll() { _ = try await handle.confirmed }
            XCTAssertEqual(service.state.with { $0.tokens }.last, "Bearer token 3")
            XCTAssertEqual(try left().count, 0)
        }
    }

    func testALostAnswerIsAskedForWithTheSameToken() async throws {
        let service = FakeService(size: 16) { call, before in
            call == "POST uploads" && before < 1 ? (0, "the network went away") : nil
        }
        let count = Guarded(0)
        let token: @Sendable () async throws -> String? = {
            count.with { count in
                count += 1
                return "token \(count)"
            }
        }
        let first = await failure(try await begin(app(service, FakeSystem(service), patience: 0, token: token), film()))
        XCTAssertEqual(first?.code, "service_unreachable")
        XCTAssertEqual(try left().first?.token, "token 1")
        let system = FakeSystem(service) { _ in false }
        let relaunched = try app(service, system, token: token)
        let handles = await relaunched.resumeAll()
        try await eventually { system.numbers.count == 4 }
        XCTAssertEqual(service.state.with { $0.tokens }, ["Bearer token 1", "Bearer token 1"])
        XCTAssertEqual(Set(service.state.with { $0.keys }).count, 1)
        XCTAssertNil(try left().first?.token)
        await relaunched.abort(handles[0].key)
    }

    func testWhatADeviceCannotDoEndsNothing() async throws {
        let service = FakeService(size: 16)
        let uploader = try app(service, FakeSystem(service))
        // as a full disk: the copy cannot be written
        let sending = records.appendingPathComponent("sending")
        try FileManager.default.removeItem(at: sending)
        let error = await failure(try await begin(uploader, film()))
        XCTAssertEqual([error?.code, error.map { "\($0.isRetryable)" }], ["device_failed", "true"])
        XCTAssertEqual(try left().count, 1)
        try FileManager.default.createDirectory(at: sending, withIntermediateDirectories: true)
        for handle in await uploader.resumeAll() { _ = try await handle.confirmed }
        XCTAssertFalse(service.calls.contains("DELETE u"))
    }

    func testAnAnswerThatIsNotTheServicesEndsNothing() async throws {
        let service = FakeService(size: 16) { call, _ in call == "POST uploads" ? (403, "<html>Log in</html>") : nil }
        let error = await failure(try await begin(app(service, FakeSystem(service)), film()))
        XCTAssertEqual(error?.isRetryable, true)
        XCTAssertEqual(try left().count, 1)
    }

    func testAFileThatChangesWhileItIsSentIsNotConfirmed() async throws {
        for method in ["put", "multipart"] {
            let put = #"{"method": "PUT", "url": "http://s3/k", "headers": {}}"#
            let service = FakeService(size: 16) { call, _ in
                guard method == "put", call == "POST uploads" else { return nil }
                let upload = #"{"id": "u", "state": "pending", "filename": "f"}"#
                return (201, #"{"upload": \#(upload), "ticket": "t", "grant": \#(put)}"#)
            }
            let file = try film()
            let system = FakeSystem(service) { label in
                if [0, 4].contains(label.number) { try? Data("another".utf8).write(to: file) }
                return true
            }
            let error = await failure(try await begin(app(service, system), file, method: method))
            XCTAssertEqual(error, .fileChanged, method)
            XCTAssertTrue(service.calls.contains("DELETE u"), method)
            XCTAssertFalse(service.calls.contains("POST complete"), method)
            XCTAssertEqual(try left().count, 0)
        }
    }

    func testNoPartOfAChangedFileIsSent() async throws {
        let service = FakeService(size: 16)
        let file = try film()
        let system = FakeSystem(service) { label in
            if label.number == 2 { try? Data("AAAABBBBCCCCDDDDE".utf8).write(to: file) }
            return true
        }
        let error = await failure(try await begin(app(service, system, partsAtOnce: 1), file))
        XCTAssertEqual(error, .fileChanged)
        XCTAssertEqual(system.numbers, [1, 2])
    }

    /// While the service cannot be told, the record stays: its sweep could join the parts of both.
    func testAChangedFileIsAbortedLater() async throws {
        let isAway = Guarded(true)
        let service = FakeService(size: 16) { call, _ in
            call == "DELETE u" && isAway.with { $0 } ? (0, "the network went away") : nil
        }
        let file = try film()
        let system = FakeSystem(service) { label in
            if label.number == 4 { try? Data("another".utf8).write(to: file) }
            return true
        }
        let uploader = try app(service, system)
        let error = await failure(try await begin(uploader, file))
        XCTAssertEqual(error?.code, "service_unreachable")
        XCTAssertEqual(try left().count, 1)
        isAway.with { $0 = false }
        for handle in await uploader.resumeAll() {
            let error = await failure(handle)
            XCTAssertEqual(error, .fileChanged)
        }
        XCTAssertTrue(service.state.with { $0.isAborted })
        XCTAssertEqual(try left().count, 0)
    }

    /// What an app leaves that is killed before it hears of its four parts. The first `arrived` of them are at the store,
    /// the others on their way.
    private func killed(_ service: FakeService, arrived: Int) async throws -> Set<Label> {
        let system = FakeSystem(service) { _ in false }
        let uploader = try app(service, system)
        let handle = try await begin(uploader, film())
        try await eventually { system.numbers.count == 4 }
        let found = try XCTUnwrap(RecordStore(records).find(handle.key))
        await uploader.abort(handle.key)
        try RecordStore(records).save(found)
        service.state.with { state in
            (state.calls, state.isAborted) = ([], false)
            for number in 1...arrived { state.stored[number] = Data("same".utf8) }
        }
        return Set(system.begun.with { $0 }.dropFirst(arrived))
    }

    func testPartsThatNobodyHeardOfAreNotSentAgain() async throws {
        let service = FakeService(size: 16)
        _ = try await killed(service, arrived: 3)
        let system = FakeSystem(service)
        let relaunched = try app(service, system)
        for handle in await relaunched.resumeAll() { _ = try await handle.confirmed }
        XCTAssertEqual(system.numbers, [4])
        XCTAssertFalse(service.calls.contains("POST uploads"))
    }

    /// The third and fourth part arrive after the comparison, of a file that was exchanged for one of the same date.
    func testPartsOnTheirWayAreCompared() async throws {
        let service = FakeService(size: 16)
        let labels = try await killed(service, arrived: 2)
        let file = folder.appendingPathComponent("film.mp4")
        let date = try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate]
        try Data("aaaabbbbccccDDDD".utf8).write(to: file)
        try FileManager.default.setAttributes([.modificationDate: date as Any], ofItemAtPath: file.path)
        let system = FakeSystem(service)
        system.alive.with { $0 = labels }
        let relaunched = try app(service, system)
        let handles = await relaunched.resumeAll()
        try await eventually { service.calls.contains("GET parts") }
        try await Task.sleep(nanoseconds: 200_000_000)
        for label in labels where system.alive.with({ $0.contains(label) }) {
            system.arrive(label, Data((label.number == 3 ? "cccc" : "dddd").utf8))
        }
        for handle in handles { _ = try await handle.confirmed }
        XCTAssertTrue(service.calls.contains("DELETE u"))
        XCTAssertEqual(system.numbers, [1, 2, 3, 4])
        XCTAssertEqual(service.state.with { $0.stored[4] }, Data("DDDD".utf8))
    }

    func testAnAbortWhileItIsCreatedHolds() async throws {
        let service = FakeService(size: 16) { call, _ in
            if call == "POST uploads" { usleep(300_000) }  // it does not hear of the cancellation
            return nil
        }
        let system = FakeSystem(service)
        let uploader = try app(service, system)
        let handle = try await begin(uploader, film())
        try await eventually { service.calls.contains("POST uploads") }
        await uploader.abort(handle.key)
        try await Task.sleep(nanoseconds: 500_000_000)
        XCTAssertEqual(try left().count, 0)
        XCTAssertEqual(system.numbers, [])
        XCTAssertTrue(service.state.with { $0.isAborted })
        let error = await failure(handle)
        XCTAssertEqual(error?.code, "aborted")
    }

    /// A server that takes the connection and never answers.
    func testARequestEndsWithItsTask() async throws {
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        let listener = socket(AF_INET, stream, 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 9) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        XCTAssertTrue(isBound)
        let port = UInt16(bigEndian: address.sin_port)
        let service = Service(endpoint: try XCTUnwrap(URL(string: "http://127.0.0.1:\(port)")), token: { nil })
        // more than are let in at once
        let tasks = (0..<10).map { _ in Task { try await service.get("u", ticket: "t") } }
        try await Task.sleep(nanoseconds: 300_000_000)
        let first = Date()
        for task in tasks.reversed() { task.cancel() }
        for task in tasks { _ = try? await task.value }
        XCTAssertLessThan(Date().timeIntervalSince(first), 5)
    }

    func testAnUploadThatStaysUndecidedIsLeft() async throws {
        let service = FakeService(size: 16) { call, _ in
            call == "POST complete" ? (202, #"{"id": "u", "state": "stored", "filename": "f"}"#) : nil
        }
        let error = await failure(try await begin(app(service, FakeSystem(service), patience: 0.5), film()))
        XCTAssertEqual([error?.code, error.map { "\($0.isRetryable)" }], ["undecided", "true"])
        XCTAssertEqual(try left().first?.isSent, true)
        XCTAssertFalse(service.calls.contains("DELETE u"))
    }

    func testARelaunchAsksAFewAtOnce() async throws {
        let (now, most) = (Guarded(0), Guarded(0))
        let service = FakeService(size: 16) { _, _ in
            let count = now.with { now in
                now += 1
                return now
            }
            most.with { $0 = max($0, count) }
            try await Task.sleep(nanoseconds: 20_000_000)
            now.with { $0 -= 1 }
            return nil
        }
        let file = try FileReference(film())
        let store = try RecordStore(records)
        for number in 0..<40 {
            let wanted = Wanted(
                profile: nil, filename: "f", contentType: "video/mp4", size: 16, metadata: [:], method: "multipart")
            try store.save(
                Record(
                    key: "\(number)", file: file, wanted: wanted, idempotencyKey: "i", id: "u", ticket: "t",
                    isSent: true))
        }
        for handle in await (try app(service, FakeSystem(service))).resumeAll() { _ = try await handle.confirmed }
        XCTAssertEqual(most.with { $0 }, 8)
        XCTAssertEqual(service.calls.filter { $0 == "POST complete" }.count, 40)
    }

    /// iOS suspends the app when it has been told that it is done: the next part has to be the system's by then.
    func testTheSystemIsToldThatAllIsDoneAfterTheNextPartsBegan() async throws {
        let service = FakeService(size: 32) { call, before in
            if call == "POST parts" && before > 0 { try await Task.sleep(nanoseconds: 400_000_000) }
            return nil
        }
        let system = FakeSystem(service) { _ in false }
        let uploader = try app(service, system)
        let handle = try await begin(uploader, film("aaaabbbbccccddddeeeeffffgggghhhh"))
        try await eventually { system.numbers.count == 4 }
        let atTheEnd = Guarded<Int?>(nil)
        uploader.handleBackgroundEvents { atTheEnd.with { $0 = system.numbers.count } }
        system.arrive(Label(handle.key, 1), Data("aaaa".utf8))
        system.tell.yield(.delivered)
        try await eventually { atTheEnd.with { $0 } != nil }
        XCTAssertEqual(atTheEnd.with { $0 }, 5)
        await uploader.abort(handle.key)
    }
}
