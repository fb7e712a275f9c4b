import Peer
import ProtoWire
import SpanModel

enum Spanwire: Codec {
    static let name = "Spanwire"
    static let version = "here"

    static func works(on payload: [UInt8]) throws -> [Work] {
        let encoder = Encoder(batch: try SpanBatch(decoding: payload), capacity: payload.count)
        return viewWorks(on: payload) + [
            Work("decode") { try SpanBatch(decoding: payload).spanCount },
            Work("encode", run: encoder.run),
        ] + (try transportWorks(on: payload))
    }

    /// Writes into one buffer that it keeps.
    final class Encoder {
        private let batch: SpanBatch
        private var writer: WireWriter

        init(batch: SpanBatch, capacity: Int) {
            self.batch = batch
            writer = WireWriter(capacity: capacity)
        }

        func run() -> Int {
            writer.reset()
            batch.encode(to: &writer)
            return writer.count
        }
    }
}

var peer = Peer(Spanwire.self, folder: CommandLine.arguments.dropFirst().first ?? ".")
peer.serve()
