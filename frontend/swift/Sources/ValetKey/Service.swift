import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The service's HTTP API: a method for each call, one attempt each. Every failure is a `ValetKeyError`.
struct Service: Sendable {
    let endpoint: URL
    let token: @Sendable () async throws -> String?
    private let exchange: Exchange
    private let gate = Gate(8)  // a relaunch may have hundreds of uploads to ask about

    typealias Exchange = @Sendable (URLRequest) async throws -> (Data, HTTPURLResponse)

    /// `exchange` sends a request; a test may have another one.
    init(
        endpoint: URL, token: @escaping @Sendable () async throws -> String?,
        exchange: @escaping Exchange = exchangeByURLSession()
    ) {
        self.endpoint = endpoint
        self.token = token
        self.exchange = exchange
    }

    /// What an upload is created with. Throws `token_unavailable`: the app's own failures are none of the upload.
    func newToken() async throws -> String? {
        do {
            return try await token()
        } catch {
            throw ValetKeyError("token_unavailable", "The app got no token: \(error)", isRetryable: true)
        }
    }

    /// An idempotency key is known to the service by its token: repeat it with the same one.
    func create(_ wanted: Wanted, idempotencyKey: String, token: String?) async throws -> Granted {
        var request = self.request("POST", "/v1/uploads", bearer: token)
        request.setValue(idempotencyKey, forHTTPHeaderField: "Idempotency-Key")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = try JSONEncoder().encode(wanted)
        return try await decoded(request)
    }

    func get(_ id: String, ticket: String) async throws -> Upload {
        try await decoded(request("GET", "/v1/uploads/\(id)", bearer: ticket))
    }

    /// A fresh grant for the same upload. Throws `state_conflict` where it needs none, or is too old.
    func renew(_ id: String, ticket: String) async throws -> Granted {
        try await decoded(request("POST", "/v1/uploads/\(id)/grant", bearer: ticket))
    }

    /// `checksums` are the SHA-256 of the parts in base64, where the grant asks for them.
    func signParts(_ numbers: [Int], checksums: [Int: String], of id: String, ticket: String) async throws
        -> [SignedPart]
    {
        var request = self.request("POST", "/v1/uploads/\(id)/parts", bearer: ticket)
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        var body: [String: Any] = ["numbers": numbers]
        if !checksums.isEmpty {
            body["checksums"] = Dictionary(uniqueKeysWithValues: checksums.map { ("\($0.key)", $0.value) })
        }
        request.httpBody = try JSONSerialization.data(withJSONObject: body)
        let signed: SignedParts = try await decoded(request)
        return signed.parts
    }

    func listParts(of id: String, ticket: String) async throws -> [StoredPart] {
        let stored: StoredParts = try await decoded(request("GET", "/v1/uploads/\(id)/parts", bearer: ticket))
        return stored.parts
    }

    /// The upload, and the seconds after which to ask again while it has not been decided. The store's own list of
    /// parts counts.
    func complete(_ id: String, ticket: String) async throws -> (Upload, again: TimeInterval?) {
        let (data, response) = try await answer(to: request("POST", "/v1/uploads/\(id)/complete", bearer: ticket))
        let again = response.statusCode == 202 ? retryAfter(response) ?? 1 : nil
        return (try decode(data), again)
    }

    func abort(_ id: String, ticket: String) async throws {
        _ = try await answer(to: request("DELETE", "/v1/uploads/\(id)", bearer: ticket))
    }

    private func request(_ method: String, _ path: String, bearer: String?) -> URLRequest {
        let base = endpoint.absoluteString.replacingOccurrences(of: "/+$", with: "", options: .regularExpression)
        var request = URLRequest(url: URL(string: base + path) ?? endpoint)
        request.httpMethod = method
        request.setValue("application/json", forHTTPHeaderField: "Accept")
        if let bearer { request.setValue("Bearer \(bearer)", forHTTPHeaderField: "Authorization") }
        return request
    }

    private func decoded<Body: Decodable>(_ request: URLRequest) async throws -> Body {
        try decode(try await answer(to: request).0)
    }

    private func decode<Body: Decodable>(_ data: Data) throws -> Body {
        do {
            return try JSONDecoder().decode(Body.self, from: data)
        } catch {
            throw ValetKeyError("unexpected_answer", "The service's answer cannot be read: \(error)", isRetryable: true)
        }
    }

    private func answer(to request: URLRequest) async throws -> (Data, HTTPURLResponse) {
        try await gate.enter()
        defer { gate.leave() }
        let (data, response) = try await exchange(request)
        guard !(200..<300).contains(response.statusCode) else { return (data, response) }
        throw problem(data, response)
    }

    private func problem(_ data: Data, _ response: HTTPURLResponse) -> ValetKeyError {
        let status = response.statusCode
        let said = try? JSONDecoder().decode(Problem.self, from: data)
        // without a problem document it was not the service that answered, but a proxy or a hotel's network
        let isRetryable = status >= 500 || [408, 425, 429].contains(status) || said == nil
        return ValetKeyError(
            said?.code ?? "unexpected_answer",
            said?.errors?.first?.detail ?? said?.detail ?? "The upload service answered \(status).",
            isRetryable: isRetryable, status: status, retryAfter: retryAfter(response))
    }
}

/// Retry-After in seconds; nil where it is none. A date is not read: the own delays hold then.
private func retryAfter(_ response: HTTPURLResponse) -> TimeInterval? {
    response.value(forHTTPHeaderField: "Retry-After").flatMap(TimeInterval.init)
}

/// By a session without cookies and caches. A task that is cancelled ends its request.
func exchangeByURLSession() -> Service.Exchange {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = 300  // the service may copy 5 GB before it answers
    let session = URLSession(configuration: configuration)
    return { request in
        let running = Cancellable()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                running.start(
                    session.dataTask(with: request) { data, response, error in
                        if let response = response as? HTTPURLResponse {
                            continuation.resume(returning: (data ?? Data(), response))
                            return
                        }
                        let why = error.map { "\($0.localizedDescription)" } ?? "no answer"
                        continuation.resume(
                            throwing: ValetKeyError(
                                "service_unreachable", "The upload service cannot be reached: \(why)",
                                isRetryable: true))
                    })
            }
        } onCancel: {
            running.cancel()
        }
    }
}

/// A request that may be cancelled before it has begun.
private final class Cancellable: @unchecked Sendable {
    private let lock = NSLock()
    private var task: URLSessionTask?
    private var isCancelled = false

    func start(_ task: URLSessionTask) {
        task.resume()
        let isLate = lock.withLock { () -> Bool in
            self.task = task
            return isCancelled
        }
        if isLate { task.cancel() }
    }

    func cancel() {
        let task = lock.withLock { () -> URLSessionTask? in
            isCancelled = true
            return self.task
        }
        task?.cancel()
    }
}

/// Lets so many in at once. The others wait in their order.
private final class Gate: @unchecked Sendable {
    private let lock = NSLock()
    private var free: Int
    private var waiting: [(id: UUID, CheckedContinuation<Bool, Never>)] = []

    init(_ count: Int) { free = count }

    /// Throws `CancellationError` where the task is cancelled while it waits.
    func enter() async throws {
        let id = UUID()
        let isIn = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = lock.withLock { () -> Bool? in
                    if Task.isCancelled { return false }
                    if free > 0 {
                        free -= 1
                        return true
                    }
                    waiting.append((id, continuation))
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let cancelled = lock.withLock { () -> CheckedContinuation<Bool, Never>? in
                waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0).1 }
            }
            cancelled?.resume(returning: false)
        }
        if !isIn { throw CancellationError() }
    }

    func leave() {
        let next = lock.withLock { () -> CheckedContinuation<Bool, Never>? in
            if waiting.isEmpty {
                free += 1
                return nil
            }
            return waiting.removeFirst().1
        }
        next?.resume(returning: true)
    }
}
