// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "checkout",
    platforms: [.macOS(.v15)],  // without effect on Linux
    dependencies: [
        .package(name: "spanwire", path: ".."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "checkout",
            dependencies: [
                .product(name: "SpanTransport", package: "spanwire"),
                .product(name: "SpanModel", package: "spanwire"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "durable-checkout",
            dependencies: [
                .product(name: "SpanTransport", package: "spanwire"),
                .product(name: "SpanTransportTLS", package: "spanwire"),
                .product(name: "SpanSpool", package: "spanwire"),
                .product(name: "SpanModel", package: "spanwire"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "payloads",
            dependencies: [.product(name: "SpanModel", package: "spanwire")]),
        .executableTarget(
            name: "read-store",
            dependencies: [
                .product(name: "SpanStorage", package: "spanwire"),
                .product(name: "SpanStorageSQLite", package: "spanwire"),
            ]),
        .executableTarget(
            name: "embedded-collector",
            dependencies: [
                .product(name: "SpanCollector", package: "spanwire"),
                .product(name: "SpanStorageSQLite", package: "spanwire"),
                .product(name: "SpanTransport", package: "spanwire"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "EngineTests",
            dependencies: [.product(name: "SpanStorageTesting", package: "spanwire")]),
    ]
)
