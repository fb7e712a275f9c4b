import Peer
import SwiftProtobuf

enum GeneratedCode: Codec {
    static let name = "swift-protobuf"
    static let version = SwiftProtobuf.Version.versionString

    typealias TracesData = Opentelemetry_Proto_Trace_V1_TracesData

    static func works(on payload: [UInt8]) throws -> [Work] {
        let batch = try TracesData(serializedBytes: payload)
        return [
            Work("decode") { spanCount(try TracesData(serializedBytes: payload)) },
            // The library writes into a new array each time; it has no other way.
            Work("encode") { (try batch.serializedBytes() as [UInt8]).count },
        ]
    }

    static func spanCount(_ batch: TracesData) -> Int {
        batch.resourceSpans.reduce(0) { $1.scopeSpans.reduce($0) { $0 + $1.spans.count } }
    }
}

var peer = Peer(GeneratedCode.self, folder: CommandLine.arguments.dropFirst().first ?? ".")
peer.serve()
