import SpanMerge
import SpanModel

/// Bounds on the age and the size of what a store keeps.
public struct RetentionPolicy: Sendable, Hashable {
    /// Greatest age of a span in nanoseconds, beyond which it is removed; `nil` for no limit.
    public var maxAgeNano: UInt64?
    /// Greatest size of the store in bytes, by the engine's own measure, beyond which the spans that started first are
    /// removed; `nil` for no limit.
    public var maxBytes: UInt64?

    /// Creates a policy; without arguments it keeps everything.
    public init(maxAgeNano: UInt64? = nil, maxBytes: UInt64? = nil) {
        self.maxAgeNano = maxAgeNano
        self.maxBytes = maxBytes
    }

    /// Returns the least start that is kept, nanoseconds since 1970-01-01T00:00:00Z; 0 when no span is too old.
    public func earliestStart(nowUnixNano: UInt64) -> UInt64 {
        guard let maxAgeNano, nowUnixNano > maxAgeNano else { return 0 }
        return nowUnixNano - maxAgeNano
    }
}

/// Outcome of enforcing a policy.
public struct RetentionReport: Sendable, Hashable {
    /// Number of merged spans that were removed.
    public var spans: UInt64 = 0
    /// Number of bytes by which the store became smaller, by the engine's own measure.
    public var bytes: UInt64 = 0
    /// Number of bytes that the store holds now, by the engine's own measure.
    public var remainingBytes: UInt64 = 0

    /// Creates a report from its counts.
    public init(spans: UInt64 = 0, bytes: UInt64 = 0, remainingBytes: UInt64 = 0) {
        self.spans = spans
        self.bytes = bytes
        self.remainingBytes = remainingBytes
    }
}

extension MergedSpan {
    /// Time from which a span's age counts, nanoseconds since 1970-01-01T00:00:00Z: its start, else its end; 0 when
    /// neither is known, which is older than any age.
    public var ageStartUnixNano: UInt64 {
        span.startTimeUnixNano != 0 ? span.startTimeUnixNano : span.endTimeUnixNano
    }
}
