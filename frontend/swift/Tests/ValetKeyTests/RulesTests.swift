import Foundation
import XCTest

@testable import ValetKey

private let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "../../../..")

/// What needs neither a service nor a store.
final class RulesTests: XCTestCase {
    private var folder = URL(fileURLWithPath: NSTemporaryDirectory())

    override func setUpWithError() throws {
        folder = folder.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    private func written(_ text: String, _ name: String = "a.txt") throws -> URL {
        let file = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        return file
    }

    /// Each code of the project's list, to a form, a PUT and a part, means what the list says.
    func testAnswersMeanWhatTheListSays() throws {
        struct List: Decodable {
            enum Means: Decodable {
                case one(String)
                case byOperation([String: String])
                init(from decoder: Decoder) throws {
                    let value = try decoder.singleValueContainer()
                    if let word = try? value.decode(String.self) {
                        self = .one(word)
                    } else {
                        self = .byOperation(try value.decode([String: String].self))
                    }
                }
                func to(_ operation: SentAs) -> Meaning? {
                    let said: String?
                    switch self {
                    case .one(let word): said = word
                    case .byOperation(let words): said = words["\(operation)"] ?? words["*"]
                    }
                    let refused = ["placement", "unsupported", "missing", "changed"]
                    return said.flatMap { Meaning(rawValue: refused.contains($0) ? "refused" : $0) }
                }
            }
            struct Code: Decodable {
                let status: Int?
                let means: Means
            }
            let codes: [String: Code]
            let statuses: [String: Means]
        }
        let file = repository.appendingPathComponent("service/valetkey/reference/store_answers.json")
        let list = try JSONDecoder().decode(List.self, from: Data(contentsOf: file))
        XCTAssertGreaterThan(list.codes.count, 300)
        for (code, said) in list.codes {
            for operation in SentAs.allCases {
                let body = "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message></Error>"
                let found = meaning(of: said.status ?? 400, body: body, to: operation)
                XCTAssertEqual(found, said.means.to(operation), "\(code) to \(operation)")
            }
        }
        for (status, means) in list.statuses {
            guard let status = Int(status) else { continue }
            for operation in SentAs.allCases {
                XCTAssertEqual(meaning(of: status, body: "", to: operation), means.to(operation), "\(status)")
            }
        }
    }

    func testASuccessWithAnErrorInItIsNone() {
        XCTAssertEqual(meaning(of: 200, body: "", to: .part), .taken)
        XCTAssertEqual(meaning(of: 201, body: "<PostResponse><Key>k</Key></PostResponse>", to: .post), .taken)
        XCTAssertEqual(meaning(of: 200, body: "<Error><Code>InternalError</Code></Error>", to: .part), .again)
        XCTAssertEqual(meaning(of: 200, body: "<!doctype html><title>Log in</title>", to: .put), .odd)
        XCTAssertEqual(meaning(of: 403, body: #"{"code": "expired_auth_token"}"#, to: .part), .fresh)
        XCTAssertEqual(meaning(of: 400, body: "<s3:Error><s3:Code>ExpiredToken</s3:Code></s3:Error>", to: .put), .fresh)
        XCTAssertEqual(meaning(of: 412, body: "", to: .put), .look)
        XCTAssertEqual(meaning(of: 404, body: "", to: .part), .gone)
    }

    func testDigestsOfARange() throws {
        let text = String(repeating: "abcdefghij", count: 250_000)
        let file = try written(text)
        let copy = folder.appendingPathComponent("copy")
        let digests = try readRange(7..<2_400_003, of: file, copyTo: copy)
        XCTAssertEqual(try Data(contentsOf: copy), Data(text.utf8)[7..<2_400_003])
        XCTAssertEqual(digests, try readRange(0..<2_399_996, of: copy))
        let known = [
            ("", "d41d8cd98f00b204e9800998ecf8427e", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            ("abc", "900150983cd24fb0d6963f7d28e17f72", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
            (String(repeating: "a", count: 119), "8a7bd0732ed6a28ce75f6dabc90e1613", nil),
        ]
        for (text, md5, sha256) in known {
            let file = try written(text)
            let digests = try readRange(0..<Int64(text.utf8.count), of: file)
            XCTAssertEqual(digests.md5Hex, md5)
            if let sha256 { XCTAssertEqual(digests.sha256.base64EncodedString(), sha256) }
        }
        XCTAssertThrowsError(try readRange(0..<99, of: written("short")))
    }

    func testAFormHasItsFileLastAndNotItsName() throws {
        let file = try written("hello", "\"; name=\"key.txt")
        let body = folder.appendingPathComponent("body")
        let type = try writeForm(
            fields: ["key": "staging/1", "Content-Type": "text/plain"], fileField: "file", file: file, size: 5, to: body
        )
        let boundary = try XCTUnwrap(type.components(separatedBy: "boundary=").last)
        XCTAssertEqual(
            try String(contentsOf: body, encoding: .utf8),
            """
            --\(boundary)\r\nContent-Disposition: form-data; name="Content-Type"\r\n\r\ntext/plain\r
            --\(boundary)\r\nContent-Disposition: form-data; name="key"\r\n\r\nstaging/1\r
            --\(boundary)\r\nContent-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: text/plain\r
            \r\nhello\r\n--\(boundary)--\r\n
            """)
    }

    func testAFileIsFoundAfterTheAppHasMoved() throws {
        let (old, new) = (folder.appendingPathComponent("old"), folder.appendingPathComponent("new"))
        try FileManager.default.createDirectory(at: old, withIntermediateDirectories: true)
        let file = old.appendingPathComponent("film.mp4")
        try Data("film".utf8).write(to: file)
        let reference = try FileReference(file, home: old.path)
        try FileManager.default.moveItem(at: old, to: new)
        XCTAssertEqual(try Data(contentsOf: reference.url(home: new.path)), Data("film".utf8))
    }

    func testRecordsSurvive() throws {
        let store = try RecordStore(folder.appendingPathComponent("records"))
        let wanted = Wanted(
            profile: "p", filename: "f", contentType: "t/s", size: 4, metadata: ["a": "b"], method: "put")
        var record = Record(
            key: "k", file: try FileReference(written("four")), wanted: wanted, idempotencyKey: "i", digests: [3: "x"])
        try store.save(record)
        try Data("torn".utf8).write(to: store.directory.appendingPathComponent("other.json"))
        let found = try XCTUnwrap(try RecordStore(store.directory).all().first)
        XCTAssertEqual([found.key, found.idempotencyKey, found.digests[3]], ["k", "i", "x"])
        XCTAssertEqual(found.wanted, wanted)
        record.startAnew()
        XCTAssertNotEqual(record.idempotencyKey, "i")
        store.remove("k")
        XCTAssertTrue(store.all().isEmpty)
    }

    func testAFileThatChangedIsNotSent() throws {
        let file = try written("four")
        let reference = try FileReference(file)
        XCTAssertNoThrow(try reference.assertUnchanged())
        try Data("five!".utf8).write(to: file)
        XCTAssertThrowsError(try reference.assertUnchanged()) { XCTAssertEqual($0 as? ValetKeyError, .fileChanged) }
    }

    func testGrantsAsTheServiceWritesThem() throws {
        func grant(_ json: String) throws -> Grant { try JSONDecoder().decode(Grant.self, from: Data(json.utf8)) }
        guard
            case .put(_, let headers) = try grant(
                #"{"method": "PUT", "url": "http://s/k", "headers": {"x-Amz_a": "1"}}"#)
        else { return XCTFail("no PUT") }
        XCTAssertEqual(headers, ["x-Amz_a": "1"])
        guard
            case .multipart(let plan, nil) = try grant(
                #"{"method": "MULTIPART", "part_size": 5, "part_count": 3, "parts": []}"#)
        else { return XCTFail("no plan") }
        XCTAssertEqual(plan.range(of: 3, size: 12), 10..<12)
        XCTAssertThrowsError(try grant(#"{"method": "TELEPATHY"}"#))
    }
}
