import SpanModel

/// Which half of a call a span is: the handling of something that came in, or anything else.
///
/// Zipkin-style instrumentation gives the client's and the server's half one id; they stay two spans.
public enum SpanSide: UInt8, Sendable, Hashable, Comparable {
    /// Any kind but `server` and `consumer`.
    case other = 0
    /// Kind `server` or `consumer`.
    case inbound = 1

    /// The side that a kind belongs to.
    public init(_ kind: SpanKind) {
        self = kind == .server || kind == .consumer ? .inbound : .other
    }

    public static func < (left: SpanSide, right: SpanSide) -> Bool { left.rawValue < right.rawValue }
}

/// What makes two reports reports of the same span.
///
/// Ordered by trace, then span, then side.
public struct SpanKey: Sendable, Hashable, Comparable {
    public var traceID: TraceID
    public var spanID: SpanID
    public var side: SpanSide

    public init(traceID: TraceID, spanID: SpanID, side: SpanSide) {
        self.traceID = traceID
        self.spanID = spanID
        self.side = side
    }

    /// The key of a report. Neither id is checked.
    public init(_ span: SpanRecord) {
        self.init(traceID: span.traceID, spanID: span.spanID, side: SpanSide(span.kind))
    }

    /// Whether both ids are ids; reports of other spans are not merged and not stored.
    public var isValid: Bool { traceID.isValid && spanID.isValid }

    public static func < (left: SpanKey, right: SpanKey) -> Bool {
        (left.traceID, left.spanID, left.side) < (right.traceID, right.spanID, right.side)
    }
}
