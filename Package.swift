// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors, memory safety is checked, and `~Escapable` types of our own are allowed.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "spanwire",
    // Built and tested on Linux. On macOS the standard library has what is used here from version 15 on.
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "SpanModel", targets: ["ProtoWire", "SpanModel"]),
        .library(name: "SpanSession", targets: ["SpanSession"]),
        .library(name: "SpanCompression", targets: ["SpanCompression"]),
        .library(name: "SpanSpool", targets: ["SpanSpool"]),
        .library(name: "SpanTransport", targets: ["SpanTransport"]),
        .library(name: "SpanTransportTLS", targets: ["SpanTransportTLS"]),
        .library(name: "SpanStorage", targets: ["SpanMerge", "SpanStorage"]),
        .library(name: "SpanStorageTesting", targets: ["SpanStorageTesting"]),
        .library(name: "SpanStorageSQLite", targets: ["SpanStorageSQLite"]),
        .library(name: "SpanCapture", targets: ["SpanCapture"]),
        .library(name: "SpanCollector", targets: ["SpanCollector"]),
        .executable(name: "spanwire", targets: ["spanwire"]),
    ],
    // What needs other packages. Without traits (`traits: []`) a dependent fetches none: it links SpanModel, SpanSession,
    // SpanCompression, SpanStorage, SpanStorageSQLite, SpanStorageTesting or SpanCapture.
    traits: [
        .default(enabledTraits: ["Command"]),
        .trait(name: "Transport", description: "SpanTransport: clients, and servers, over sockets"),
        .trait(name: "TLS", description: "SpanTransportTLS", enabledTraits: ["Transport"]),
        .trait(name: "Collector", description: "SpanCollector", enabledTraits: ["Transport"]),
        .trait(name: "Command", description: "the command spanwire", enabledTraits: ["Collector", "TLS"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // Standard library only: no Foundation, no NIO.
        .target(name: "ProtoWire", swiftSettings: settings),
        .target(name: "SpanModel", dependencies: ["ProtoWire"], swiftSettings: settings),
        .target(name: "SpanMerge", dependencies: ["SpanModel", "ProtoWire"], swiftSettings: settings),
        .target(name: "SpanSession", dependencies: ["SpanModel", "ProtoWire"], swiftSettings: settings),
        .target(
            name: "SpanSpool", dependencies: ["SpanSession", "SpanModel", "ProtoWire"], swiftSettings: settings),
        .target(name: "SpanStorage", dependencies: ["SpanMerge", "SpanModel", "ProtoWire"], swiftSettings: settings),
        .target(
            name: "SpanCapture", dependencies: ["SpanSession", "SpanModel", "ProtoWire"], swiftSettings: settings),

        // The system's zlib and libzstd: zlib1g-dev and libzstd-dev on Debian; zlib is part of macOS.
        // The knobs of glibc's malloc, for the collector's process.
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .target(
            name: "SpanCompression", dependencies: ["CZlib", "CZstd", "SpanSession", "ProtoWire"],
            swiftSettings: settings),
        .target(
            name: "SpanTransport",
            dependencies: [
                "SpanSpool", "SpanCompression", "SpanSession", "SpanModel", "ProtoWire",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            swiftSettings: settings),
        // Apart, so that who needs no TLS compiles none.
        .target(
            name: "SpanTransportTLS",
            dependencies: [
                "SpanTransport",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),
        // How spans are kept in a file: compressed blocks and what finds them.
        .target(
            name: "SpanBlocks", dependencies: ["CZstd", "SpanStorage", "SpanMerge", "SpanModel", "ProtoWire"],
            swiftSettings: settings),
        // What is done with blocks, whatever keeps them.
        .target(
            name: "SpanBlockStore",
            dependencies: ["SpanBlocks", "SpanStorage", "SpanMerge", "SpanModel", "ProtoWire"],
            swiftSettings: settings),
        // The system's SQLite: libsqlite3-dev on Debian, part of macOS.
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "SpanStorageSQLite",
            dependencies: [
                "CSQLite", "SpanBlockStore", "SpanBlocks", "SpanStorage", "SpanMerge", "SpanModel", "ProtoWire",
            ],
            swiftSettings: settings),
        .target(
            name: "SpanStorageTesting", dependencies: ["SpanStorage", "SpanMerge", "SpanModel", "ProtoWire"],
            swiftSettings: settings),
        .target(
            name: "SpanCollector",
            dependencies: [
                "CMalloc", "SpanTransport", "SpanStorage", "SpanSession", "SpanModel",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        // Load for a collector: `spanwire bench`.
        .target(
            name: "SpanLoad",
            dependencies: [
                "SpanTransport", "SpanSession", "SpanModel",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "spanwire",
            dependencies: [
                "SpanLoad", "SpanCollector", "SpanStorageSQLite", "SpanCapture", "SpanTransportTLS", "SpanTransport",
                "SpanStorage", "SpanSpool", "SpanSession", "SpanMerge", "SpanModel", "ProtoWire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),

        // The Swift sender of Interop/README.md.
        .executableTarget(
            name: "interop-swift",
            dependencies: [
                "SpanTransport", "SpanSession", "SpanModel", .product(name: "Logging", package: "swift-log"),
            ],
            path: "Interop/swift", exclude: ["build", "run"], swiftSettings: settings),

        .testTarget(name: "ProtoWireTests", dependencies: ["ProtoWire"], swiftSettings: settings),
        .testTarget(name: "SpanModelTests", dependencies: ["SpanModel", "ProtoWire"], swiftSettings: settings),
        .testTarget(
            name: "SpanMergeTests", dependencies: ["SpanMerge", "SpanStorageTesting", "SpanModel", "ProtoWire"],
            swiftSettings: settings),
        .testTarget(
            name: "SpanSessionTests",
            dependencies: [
                "SessionSimulation", "FuzzProperties", "SpanCompression", "SpanSession", "SpanModel", "ProtoWire",
            ],
            exclude: ["Transcripts"], swiftSettings: settings),
        // What must hold for any bytes; the fuzz targets of Fuzz/ try the same.
        .target(
            name: "FuzzProperties", dependencies: ["SpanCompression", "SpanSession", "SpanModel", "ProtoWire"],
            path: "Fuzz/Sources/Properties", swiftSettings: settings),
        // Senders, network, collector and store from one seed, for `swift test` and, built in release, `make simulate`.
        .target(
            name: "SessionSimulation", dependencies: ["SpanCompression", "SpanSession", "SpanModel", "ProtoWire"],
            path: "Tests/SessionSimulation", swiftSettings: settings),
        .executableTarget(
            name: "simulate", dependencies: ["SessionSimulation", "FuzzProperties"], path: "Tests/Simulate",
            swiftSettings: settings),
        .testTarget(
            name: "SpanSpoolTests", dependencies: ["SpanSpool", "SpanSession", "SpanModel", "ProtoWire"],
            swiftSettings: settings),
        .testTarget(
            name: "SpanCompressionTests", dependencies: ["SpanCompression", "SpanSession", "SpanModel", "ProtoWire"],
            swiftSettings: settings),
        .testTarget(
            name: "SpanBlocksTests",
            dependencies: ["SpanBlocks", "SpanStorage", "SpanStorageTesting", "SpanMerge", "SpanModel", "ProtoWire"],
            swiftSettings: settings),
        .testTarget(
            name: "SpanBlockStoreTests",
            dependencies: [
                "SpanBlockStore", "SpanBlocks", "SpanStorage", "SpanStorageTesting", "SpanMerge", "SpanModel",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SpanStorageTests",
            dependencies: [
                "SpanStorage", "SpanStorageTesting", "SpanStorageSQLite", "SpanBlockStore", "SpanBlocks", "SpanMerge",
                "SpanModel", "ProtoWire",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SpanCaptureTests", dependencies: ["SpanCapture", "SpanSession", "SpanModel", "ProtoWire"],
            swiftSettings: settings),
        // A log for tests to look at.
        .target(
            name: "LogRecording", dependencies: [.product(name: "Logging", package: "swift-log")],
            path: "Tests/LogRecording", swiftSettings: settings),
        .testTarget(
            name: "SpanTransportTests",
            dependencies: [
                "LogRecording", "SpanTransport", "SpanSpool", "SpanSession", "SpanModel", "ProtoWire",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SpanTransportTLSTests",
            dependencies: [
                "LogRecording", "SpanTransportTLS", "SpanTransport", "SpanSession", "SpanModel", "ProtoWire",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"), .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SpanCollectorTests",
            dependencies: [
                "spool-peer", "SpanCollector", "SpanStorageTesting", "SpanStorage", "SpanMerge", "SpanTransport",
                "SpanSpool", "SpanSession", "SpanModel", "ProtoWire", .product(name: "Logging", package: "swift-log"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
        // Runs the built `spanwire` as a user would.
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "spanwire", "SpanStorageTesting", "SpanStorageSQLite", "SpanStorage", "SpanCapture", "SpanMerge",
                "SpanTransport", "SpanSession", "SpanModel", "ProtoWire",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Goldens"],
            swiftSettings: settings),
        // The codec as a filter, held against google.protobuf by Tests/Differential/codec.py.
        .executableTarget(
            name: "codec-peer", dependencies: ["SpanModel", "ProtoWire"], path: "Tests/CodecPeer",
            swiftSettings: settings),
        // A service that reports spans into a spool until somebody kills it.
        .executableTarget(
            name: "spool-peer",
            dependencies: [
                "SpanTransport", "SpanSpool", "SpanSession", "SpanModel",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/SpoolPeer", swiftSettings: settings),
        // A load of reports, sent in any order and held against the oracle, for Interop/python/convergence.py.
        .executableTarget(
            name: "convergence-peer",
            dependencies: [
                "SpanTransport", "SpanSession", "SpanStorageTesting", "SpanStorageSQLite", "SpanStorage", "SpanMerge",
                "SpanModel", "ProtoWire", .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/ConvergencePeer", swiftSettings: settings),
        // Bytes and time per span of each compression: Benchmarks/README.md.
        .executableTarget(
            name: "compression-bench", dependencies: ["SpanCompression", "SpanSession", "SpanModel", "ProtoWire"],
            path: "Benchmarks/Compression", swiftSettings: settings),
        // Latencies of a store's answers: Benchmarks/README.md.
        .executableTarget(
            name: "store-bench",
            dependencies: ["SpanLoad", "SpanModel", "SpanSession", "SpanStorage", "SpanStorageSQLite"],
            path: "Benchmarks/Store", swiftSettings: settings),
        // The hand-written tables and codecs against proto/.
        .testTarget(
            name: "SchemaTests", dependencies: ["SpanBlocks", "SpanSession", "SpanModel", "ProtoWire"],
            swiftSettings: settings),
        // Imports, arrows, file length.
        .testTarget(name: "TidyTests", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

// Each product of another package is used with a trait only, so that a trait that is not enabled fetches nothing.
let traitOfPackage = [
    "swift-nio": "Transport", "swift-log": "Transport", "swift-metrics": "Transport", "swift-nio-ssl": "TLS",
    "swift-service-lifecycle": "Collector", "swift-argument-parser": "Command", "hdrhistogram-swift": "Command",
]
for target in package.targets {
    target.dependencies = target.dependencies.map { dependency in
        guard case .productItem(let name, let package?, let aliases, _) = dependency else { return dependency }
        guard let trait = traitOfPackage[package] else { fatalError("no trait fetches \(package)") }
        return .product(name: name, package: package, moduleAliases: aliases, condition: .when(traits: [trait]))
    }
}
