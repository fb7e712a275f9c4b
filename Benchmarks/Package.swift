// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "spanwire", path: "..")],
    targets: [
        .executableTarget(name: "benchmarks", dependencies: [.product(name: "SpanModel", package: "spanwire")])
    ],
    swiftLanguageModes: [.v6]
)
