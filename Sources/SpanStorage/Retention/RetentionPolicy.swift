import SpanMerge
import SpanModel

/// What a store is to keep.
public struct RetentionPolicy: Sendable, Hashable {
    /// Spans that started longer ago are removed, nanoseconds; `nil` to keep them whatever their age.
    public var maxAgeNano: UInt64?
    /// Beyond so many bytes, by the engine's own measure, the spans that started first are removed; `nil` for no limit.
    public var maxBytes: UInt64?

    /// - Parameters: `nil` twice keeps everything.
    public init(maxAgeNano: UInt64? = nil, maxBytes: UInt64? = nil) {
        self.maxAgeNano = maxAgeNano
        self.maxBytes = maxBytes
    }

    /// The least start that is kept; 0 when none is too old.
    public func earliestStart(nowUnixNano: UInt64) -> UInt64 {
        guard let maxAgeNano, nowUnixNano > maxAgeNano else { return 0 }
        return nowUnixNano - maxAgeNano
    }
}

/// What was removed.
public struct RetentionReport: Sendable, Hashable {
    /// Merged spans.
    public var spans: UInt64 = 0
    /// By how many bytes the store became smaller, by the engine's own measure.
    public var bytes: UInt64 = 0
    /// How many it has now.
    public var remainingBytes: UInt64 = 0

    public init(spans: UInt64 = 0, bytes: UInt64 = 0, remainingBytes: UInt64 = 0) {
        self.spans = spans
        self.bytes = bytes
        self.remainingBytes = remainingBytes
    }
}

extension MergedSpan {
    /// What a span's age counts from: its start, or its end where the start is not known; 0, which is older than any age,
    /// where neither is. Nanoseconds since 1970-01-01T00:00:00Z.
    public var ageStartUnixNano: UInt64 {
        span.startTimeUnixNano != 0 ? span.startTimeUnixNano : span.endTimeUnixNano
    }
}
