// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "checkout",
    dependencies: [
        .package(name: "spanwire", path: ".."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
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
    ]
)
