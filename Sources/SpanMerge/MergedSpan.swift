import SpanModel

/// A span as its readers see it: what all reports of it say together.
public struct MergedSpan: Sendable, Hashable {
    /// The span's fields. Attributes are sorted by key, events by time.
    public var span: SpanRecord

    /// Resource and instrumentation scope.
    public var origin: SpanOrigin

    /// The fields of which reports said different things, by their names in `proto/`, an attribute as
    /// `attributes.KEY`; empty when all agree. Sorted.
    public var conflicts: [String]

    public init(span: SpanRecord, origin: SpanOrigin, conflicts: [String] = []) {
        self.span = span
        self.origin = origin
        self.conflicts = conflicts
    }

    public var key: SpanKey { SpanKey(span) }

    /// The resource's `service.name`; empty when it has none.
    public var service: String { origin.service }

    /// No report said that the span has ended.
    public var isRunning: Bool { !span.isEnded }

    /// Reports said different things of at least one field.
    public var isConflicted: Bool { !conflicts.isEmpty }

    /// Nanoseconds from start to end; `nil` while the span runs or when its start is not known.
    ///
    /// Negative where the sender's clock put the end before the start. Held within `Int64` (292 years).
    public var durationNano: Int64? {
        guard span.isEnded, span.startTimeUnixNano != 0 else { return nil }
        let (start, end) = (span.startTimeUnixNano, span.endTimeUnixNano)
        return end >= start ? Int64(clamping: end - start) : -Int64(clamping: start - end)
    }

    /// The status code; `unset` when no report has a status.
    public var statusCode: SpanStatus.Code { span.status?.code ?? .unset }
}
