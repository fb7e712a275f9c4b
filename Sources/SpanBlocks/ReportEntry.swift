import SpanMerge
import SpanModel

/// One report in a `ReportSet`: what decides where it goes, and where its bytes are.
package struct ReportEntry: Sendable {
    package let key: SpanKey
    /// `.invalid` for a root, and where what came is no id.
    package let parentSpanID: SpanID
    /// Nanoseconds since 1970-01-01T00:00:00Z; 0 where it is not known.
    package let startUnixNano: UInt64
    /// The same; 0 while the span runs.
    package let endUnixNano: UInt64
    package let kind: SpanKind
    package let status: SpanStatus.Code
    /// Of the set's payloads, where the bytes are.
    package let payload: Int32
    package let offset: Int32
    package let length: Int32
    /// Of the set's origins.
    package let origin: Int32
    /// The set's terms that are the span's own; empty where they were not asked for.
    package let firstTerm: Int32
    package let termCount: Int32
    /// `SearchTerm.name` of its name.
    package let nameTerm: UInt64
    /// Of the payload, where the name is.
    package let nameOffset: Int32
    package let nameLength: Int32

    /// Where the bytes are in the payload.
    package var place: Range<Int> { Int(offset)..<Int(offset) + Int(length) }

    /// Nanoseconds from start to end; `nil` while it runs or when its start is not known. As `MergedSpan.durationNano`.
    package var durationNano: Int64? { Self.duration(from: startUnixNano, to: endUnixNano) }

    static func duration(from start: UInt64, to end: UInt64) -> Int64? {
        guard end != 0, start != 0 else { return nil }
        return end >= start ? Int64(clamping: end - start) : -Int64(clamping: start - end)
    }
}

extension SpanKey {
    /// A hash of all parts of the key.
    package var stableHash: UInt64 {
        StableHash.mix(StableHash.mix(traceID.high, traceID.low), spanID.value ^ UInt64(side.rawValue) << 63)
    }
}
