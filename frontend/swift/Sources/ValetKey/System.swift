import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What a task of the system sends: the whole file of a record (0), or a part. The system keeps it while the app is
/// dead.
struct Label: Hashable, Sendable {
    let key: String
    let number: Int

    init(_ key: String, _ number: Int) {
        self.key = key
        self.number = number
    }

    init?(_ text: String?) {
        guard let text, let colon = text.lastIndex(of: ":"), let number = Int(text[text.index(after: colon)...]) else {
            return nil
        }
        self.init(String(text[..<colon]), number)
    }

    var text: String { "\(key):\(number)" }
}

/// How a task ended: with an answer of the store, or with `status` nil. `isSent`: whether all of its bytes were sent.
struct TaskEnd: Sendable {
    let label: Label
    let status: Int?
    let headers: [String: String]
    let body: String
    let isSent: Bool
    let failure: String?
}

/// What tells of the system's tasks, from whatever process they began in.
enum SystemEvent: Sendable {
    case sent(Label, bytes: Int64)
    case ended(TaskEnd)
    /// all that had happened while the app was not running has been told
    case delivered
}

/// Sends files. A test may have another one.
protocol UploadSystem: Sendable {
    var events: AsyncStream<SystemEvent> { get }
    func begin(_ request: URLRequest, file: URL, label: Label)
    /// Those that are under way, also from before the app was ended.
    func underWay() async -> Set<Label>
    func cancel(_ key: String) async
}

/// The system's own session: in the background where it has one, so that tasks go on after the app was ended.
final class SessionSystem: NSObject, UploadSystem, URLSessionDataDelegate, @unchecked Sendable {
    let events: AsyncStream<SystemEvent>
    private let continuation: AsyncStream<SystemEvent>.Continuation
    private var session: URLSession!
    private let lock = NSLock()
    private var bodies: [Int: Data] = [:]

    init(identifier: String) {
        (events, continuation) = AsyncStream.makeStream()
        super.init()
        session = URLSession(configuration: Self.configuration(identifier), delegate: self, delegateQueue: nil)
    }

    private static func configuration(_ identifier: String) -> URLSessionConfiguration {
        #if canImport(Darwin)
            let configuration = URLSessionConfiguration.background(withIdentifier: identifier)
            configuration.isDiscretionary = false  // now, and not when the system finds it convenient
            configuration.sessionSendsLaunchEvents = true
            configuration.timeoutIntervalForResource = 7 * 86_400
        #else
            let configuration = URLSessionConfiguration.default
            configuration.timeoutIntervalForRequest = 360  // also from the last byte to the answer
        #endif
        configuration.httpCookieStorage = nil
        configuration.urlCache = nil
        return configuration
    }

    func begin(_ request: URLRequest, file: URL, label: Label) {
        let task = session.uploadTask(with: request, fromFile: file)
        task.taskDescription = label.text
        task.resume()
    }

    func underWay() async -> Set<Label> {
        Set(await tasks().compactMap { $0.state == .completed ? nil : Label($0.taskDescription) })
    }

    func cancel(_ key: String) async {
        for task in await tasks() where Label(task.taskDescription)?.key == key { task.cancel() }
    }

    private func tasks() async -> [URLSessionTask] {
        await withCheckedContinuation { continuation in
            session.getAllTasks { continuation.resume(returning: $0) }
        }
    }

    func urlSession(
        _: URLSession, task: URLSessionTask, didSendBodyData _: Int64, totalBytesSent: Int64,
        totalBytesExpectedToSend _: Int64
    ) {
        guard let label = Label(task.taskDescription) else { return }
        continuation.yield(.sent(label, bytes: totalBytesSent))
    }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        lock.withLock { bodies[dataTask.taskIdentifier, default: Data()].append(data) }
    }

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: Error?) {
        guard let label = Label(task.taskDescription) else { return }
        let body = lock.withLock { bodies.removeValue(forKey: task.taskIdentifier) } ?? Data()
        let response = error == nil ? task.response as? HTTPURLResponse : nil
        var headers: [String: String] = [:]
        for (name, value) in response?.allHeaderFields ?? [:] { headers["\(name)".lowercased()] = "\(value)" }
        let expected = task.countOfBytesExpectedToSend
        let end = TaskEnd(
            label: label, status: response?.statusCode, headers: headers, body: String(decoding: body, as: UTF8.self),
            isSent: expected > 0 && task.countOfBytesSent >= expected, failure: error?.localizedDescription)
        continuation.yield(.ended(end))
    }

    #if canImport(Darwin)
        func urlSessionDidFinishEvents(forBackgroundURLSession _: URLSession) {
            continuation.yield(.delivered)
        }
    #endif
}
