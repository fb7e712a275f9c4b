import SpanModel

/// Half of a call that a span is: the handling of a request or message that came in, or anything else.
///
/// Zipkin-style instrumentation gives the client's and the server's half one id; they stay two spans.
public enum SpanSide: UInt8, Sendable, Hashable, Comparable {
    /// Any kind but `server` and `consumer`.
    case other = 0
    /// Kind `server` or `consumer`.
    case inbound = 1

    /// Creates the side that a kind belongs to.
    public init(_ kind: SpanKind) {
        self = kind == .server || kind == .consumer ? .inbound : .other
    }

    public static func < (left: SpanSide, right: SpanSide) -> Bool { left.rawValue < right.rawValue }
}

/// Identity of a span: two reports with equal keys are reports of the same span.
///
/// Ordered by trace id, then span id, then side.
public struct SpanKey: Sendable, Hashable, Comparable {
    /// Trace id.
    public var traceID: TraceID
    /// Span id.
    public var spanID: SpanID
    /// Half of a call, for spans that share an id.
    public var side: SpanSide

    /// Creates a key from its parts, which are not checked.
    public init(traceID: TraceID, spanID: SpanID, side: SpanSide) {
        self.traceID = traceID
        self.spanID = spanID
        self.side = side
    }

    /// Creates the key of a report, whose ids are not checked.
    public init(_ span: SpanRecord) {
        self.init(traceID: span.traceID, spanID: span.spanID, side: SpanSide(span.kind))
    }

    /// `true` when both ids are valid; reports without valid ids are not merged and not stored.
    public var isValid: Bool { traceID.isValid && spanID.isValid }

    public static func < (left: SpanKey, right: SpanKey) -> Bool {
        (left.traceID, left.spanID, left.side) < (right.traceID, right.spanID, right.side)
    }
}
