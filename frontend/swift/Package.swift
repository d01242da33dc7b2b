// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "ValetKey",
    platforms: [.iOS(.v15), .macOS(.v12), .tvOS(.v15), .watchOS(.v8), .visionOS(.v1)],
    products: [.library(name: "ValetKey", targets: ["ValetKey"])],
    targets: [
        .target(name: "ValetKey"),
        // What the tests run against a real service and a real store; it is no product.
        .executableTarget(name: "valetkey-upload", dependencies: ["ValetKey"]),
        .testTarget(name: "ValetKeyTests", dependencies: ["ValetKey"]),
    ]
)
