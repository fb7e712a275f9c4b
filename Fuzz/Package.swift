// swift-tools-version: 6.2
import PackageDescription

// Built by scripts/fuzz.sh with --sanitize=fuzzer --sanitize=address; libFuzzer brings `main`.
let package = Package(
    name: "Fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "spanwire", path: "..")],
    targets: [
        .executableTarget(
            name: "fuzz-decode",
            dependencies: [.product(name: "SpanModel", package: "spanwire")],
            swiftSettings: [.unsafeFlags(["-parse-as-library"])])
    ],
    swiftLanguageModes: [.v6]
)
