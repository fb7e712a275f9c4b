// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "spanwire", path: ".."),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    ],
    targets: [
        // How a codec is asked for its numbers: README.md, "Peers".
        .target(name: "Peer"),
        // Also what the gates count; it links nothing but the codec and the sessions.
        .executableTarget(
            name: "spanwire-peer",
            dependencies: [
                "Peer", .product(name: "SpanModel", package: "spanwire"),
                .product(name: "SpanSession", package: "spanwire"),
            ]),
        .executableTarget(
            name: "swift-protobuf-peer",
            dependencies: ["Peer", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
    ],
    swiftLanguageModes: [.v6]
)
