import SpanModel

/// A span as readers see it: all of its reports joined.
public struct MergedSpan: Sendable, Hashable {
    /// Fields of the span. Attributes are sorted by key, events by time.
    public var span: SpanRecord

    /// Resource and instrumentation scope of the span.
    public var origin: SpanOrigin

    /// Names of the fields in which reports conflict, as in `proto/`; an attribute as `attributes.KEY`. Sorted; empty
    /// when all reports agree.
    public var conflicts: [String]

    /// Creates a merged span from its parts.
    public init(span: SpanRecord, origin: SpanOrigin, conflicts: [String] = []) {
        self.span = span
        self.origin = origin
        self.conflicts = conflicts
    }

    /// Key of the span.
    public var key: SpanKey { SpanKey(span) }

    /// Value of the resource's `service.name`; empty when it has none.
    public var service: String { origin.service }

    /// `true` when no report said that the span has ended.
    public var isRunning: Bool { !span.isEnded }

    /// `true` when reports conflict in at least one field.
    public var isConflicted: Bool { !conflicts.isEmpty }

    /// Duration in nanoseconds; `nil` while the span runs and when its start is not known.
    ///
    /// The duration is negative when the sender's clock put the end before the start. Its amount is at most `Int64.max`
    /// (292 years).
    public var durationNano: Int64? {
        guard span.isEnded, span.startTimeUnixNano != 0 else { return nil }
        let (start, end) = (span.startTimeUnixNano, span.endTimeUnixNano)
        return end >= start ? Int64(clamping: end - start) : -Int64(clamping: start - end)
    }

    /// Status code; `unset` when no report has a status.
    public var statusCode: SpanStatus.Code { span.status?.code ?? .unset }
}
