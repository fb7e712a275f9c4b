import ProtoWire
import Synchronization

/// Buffers in which the threads of a service encode their spans at the same time, before they queue for the one queue.
///
/// A few, each behind a lock that nobody waits for: who finds all of them taken encodes into a buffer of its own.
struct SpanEncoders: ~Copyable, Sendable {
    private let first = Mutex(WireWriter(capacity: 4096))
    private let second = Mutex(WireWriter(capacity: 4096))
    private let third = Mutex(WireWriter(capacity: 4096))

    /// Calls `body` with an empty writer.
    func withWriter<Result: Sendable>(_ body: (inout WireWriter) -> Result) -> Result {
        if let result = Self.tryWriter(first, body) { return result }
        if let result = Self.tryWriter(second, body) { return result }
        if let result = Self.tryWriter(third, body) { return result }
        var writer = WireWriter(capacity: 4096)
        return body(&writer)
    }

    private static func tryWriter<Result: Sendable>(
        _ slot: borrowing Mutex<WireWriter>, _ body: (inout WireWriter) -> Result
    ) -> Result? {
        slot.withLockIfAvailable { writer in
            writer.reset()
            return body(&writer)
        }
    }
}
