import Peer
import ProtoWire
import SpanModel
import SpanSession

extension Spanwire {
    /// What a span costs on either side of the transport, sockets, locks and compression aside.
    static func transportWorks(on payload: [UInt8]) throws -> [Work] {
        let sender = Sender(try SpanBatch(decoding: payload))
        let receiver = try Receiver(payload)
        return [Work("hand-over", run: sender.run), Work("receive", run: receiver.run)]
    }

    /// Encodes the spans one by one and queues them, as a reporter does; the batches go and come back as settled.
    final class Sender {
        private var queue = SpanQueue(limits: SpanQueueLimits(maxBatchSpans: 512))
        private var writer = WireWriter(capacity: 4096)
        private let spans: [(SpanRecord, EncodedOrigin)]
        private let now = SessionInstant(nanoseconds: 1)

        init(_ batch: SpanBatch) {
            spans = batch.resourceSpans.flatMap { resource in
                resource.scopeSpans.flatMap { scope in
                    let origin = EncodedOrigin(resource: resource.resource, scope: scope.scope)
                    return scope.spans.map { ($0, origin) }
                }
            }
        }

        func run() -> Int {
            for (span, origin) in spans {
                writer.reset()
                span.encode(to: &writer)
                _ = queue.append(writer.bytes, origin: origin, now: now)
            }
            _ = queue.flush()
            var count = 0
            while let batch = queue.nextBatch(now: now) {
                count += batch.spanCount
                queue.settle(
                    BatchReceipt(ordinal: batch.ordinal, spans: batch.spanCount, queuedBytes: batch.queuedBytes))
                queue.recycle([batch.payload])
            }
            return count
        }
    }

    /// A collector's session takes the payload as a batch, checks it, and acknowledges it when it is said to be stored.
    final class Receiver {
        private var session: ServerSession
        private let payload: [UInt8]
        private var sequence: UInt64 = 0
        private let now = SessionInstant(nanoseconds: 1)

        init(_ payload: [UInt8]) throws {
            self.payload = payload
            session = ServerSession(settings: ServerSettings(compressions: []), now: now)
            let hello = Hello(senderID: SenderID(high: 1, low: 1)).encoded()
            _ = session.received(([1] + Receiver.length(hello.count) + hello).rawSpan, now: now)
            _ = session.senderFound(storedSequence: 0, now: now)
        }

        private static func length(_ count: Int) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
        }

        func run() -> Int {
            sequence += 1
            let payload = payload
            let trailer = Batch(sequence: sequence).encoded()
            let head = [3] + Receiver.length(payload.count + trailer.count)
            _ = session.received(head.rawSpan, now: now)
            _ = session.received(payload.rawSpan, now: now)
            for action in session.received(trailer.rawSpan, now: now) {
                guard case .store(let batch) = action else { continue }
                _ = session.batchesStored([StoredBatch(sequence: batch.sequence)], now: now)
                return batch.spanCount
            }
            return 0
        }
    }
}
