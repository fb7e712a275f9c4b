import SpanMerge
import SpanModel

/// The 32 bits by which indexes, columns and filters know a trace; few traces share one.
///
/// Part of the stored format: the lower half of `StableHash.mix` of the trace's id.
package struct TraceHash: Sendable, Hashable {
    /// The bits as they are stored.
    package let bits: UInt32

    /// A hash that was read.
    package init(bits: UInt32) { self.bits = bits }

    /// The hash of a trace's id.
    package init(_ trace: TraceID) { bits = UInt32(truncatingIfNeeded: StableHash.mix(trace.high, trace.low)) }

    /// The hash of the trace that a span is in.
    package init(_ span: SpanKey) { self.init(span.traceID) }

    // Both in place, so that a set or a dictionary by it is as fast as one by its bits.

    /// Returns `true` for two hashes of the same bits.
    @inlinable package static func == (left: TraceHash, right: TraceHash) -> Bool { left.bits == right.bits }

    /// Hashes the bits.
    @inlinable package func hash(into hasher: inout Hasher) { hasher.combine(bits) }
}
