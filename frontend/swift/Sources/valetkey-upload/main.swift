// An app without a screen, run by tests/swift_client against the real service and a real S3. It prints a line of JSON
// for each upload that has ended. Usage: valetkey-upload DIRECTORY upload FILE METHOD [--killed-at BYTES |
// --killed-before-completion] valetkey-upload DIRECTORY relaunched [- - --killed-at BYTES]
import Foundation
import ValetKey

#if canImport(Glibc)
    import Glibc
#endif

let arguments = CommandLine.arguments
let environment = ProcessInfo.processInfo.environment
let directory = URL(fileURLWithPath: arguments[1])
let ending = arguments.count > 5 ? arguments[5] : nil
let limit = arguments.count > 6 ? Int64(arguments[6]) ?? 0 : 0

/// As the system does it.
func die() -> Never {
    kill(getpid(), SIGKILL)
    fatalError()
}

let uploader = try Uploader(
    endpoint: URL(string: environment["ENDPOINT"] ?? "")!, directory: directory, partsAtOnce: 1,
    token: { environment["TOKEN"] },
    onEvent: { event in
        guard case .progress(_, let sent, let total) = event else { return }
        if ending == "--killed-at", sent >= limit { die() }
        if ending == "--killed-before-completion", sent >= total {
            usleep(500_000)  // the store answers, and nobody hears it
            die()
        }
    })

var handles: [UploadHandle] = []
if arguments[2] == "upload" {
    handles = [
        try await uploader.upload(
            URL(fileURLWithPath: arguments[3]), contentType: "video/mp4", profile: environment["PROFILE"],
            method: arguments[4])
    ]
} else {
    handles = await uploader.resumeAll()
}
for handle in handles {
    do {
        let upload = try await handle.confirmed
        print(#"{"id": "\#(upload.id)", "state": "\#(upload.state)"}"#)
    } catch let error as ValetKeyError {
        print(#"{"code": "\#(error.code)", "detail": "\#(error.detail)"}"#)
    }
}
