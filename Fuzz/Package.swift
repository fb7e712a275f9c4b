// swift-tools-version: 6.2
import PackageDescription

// A target is one file in `Sources/` and one line here; scripts/fuzz.sh finds it by its name. It is built with
// --sanitize=fuzzer, and libFuzzer brings `main`.
let fuzzTargets: [(name: String, dependencies: [Target.Dependency])] = [
    ("fuzz-decode", []),
    ("fuzz-fixpoint", []),
    ("fuzz-views", []),
    ("fuzz-differential", [.product(name: "SwiftProtobuf", package: "swift-protobuf")]),
    ("fuzz-session", []),
    ("fuzz-tokens", []),
]

let shared: [Target.Dependency] = [
    .product(name: "SpanModel", package: "spanwire"), .product(name: "SpanSession", package: "spanwire"),
    .product(name: "SpanCompression", package: "spanwire"),
]

let package = Package(
    name: "Fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "spanwire", path: ".."),
        // The version whose generated code lies in Benchmarks.
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    ],
    targets: [
        // What must hold for any bytes, as functions. The root package builds them too, as FuzzProperties, for its tests.
        .target(name: "Properties", dependencies: shared),
        // What the targets have in common: how an input is tried, and how the next one is made.
        .target(name: "Harness", dependencies: ["CLibFuzzer", "Properties"]),
        .systemLibrary(name: "CLibFuzzer"),
    ]
        + fuzzTargets.map { target in
            .executableTarget(
                name: target.name, dependencies: ["Harness", "Properties"] + shared + target.dependencies,
                swiftSettings: [.unsafeFlags(["-parse-as-library"])])
        },
    swiftLanguageModes: [.v6]
)
