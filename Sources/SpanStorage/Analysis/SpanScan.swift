import SpanMerge
import SpanModel

/// Selection of the spans that a scan visits: those that start within a range and match a filter.
public struct SpanScan: Sendable, Hashable {
    /// Least and greatest start, nanoseconds since 1970-01-01T00:00:00Z, both included. A span whose start is not known
    /// has 0.
    public var starts: ClosedRange<UInt64>
    /// Filter that visited spans match; it may narrow the range further.
    public var filter: SpanFilter

    /// Greatest number of spans of one trace in one call of a scan's body, and so a bound on the spans that a scan
    /// holds in memory for a trace.
    public static let maxSpansAtOnce = 65_536

    /// Creates a scan of the spans that start within `starts` and match `filter`.
    public init(starts: ClosedRange<UInt64> = 0...UInt64.max, filter: SpanFilter = .everything) {
        self.starts = starts
        self.filter = filter
    }

    /// Returns `true` when the scan visits the span.
    public func matches(_ merged: MergedSpan) -> Bool {
        starts.contains(merged.span.startTimeUnixNano) && filter.matches(merged)
    }

    /// Conditions that hold for every visited span; see `SpanQuery.conditions`.
    public var conditions: SpanConditions {
        var own = SpanConditions()
        own.start = starts
        return own.and(filter.conditions)
    }

    /// Scan of all spans that start within the range, as far as the filter leaves it, or up to
    /// `DependencyGraph.lookaroundNano` outside it. Callees and children of matching spans are looked for among them.
    package var surroundings: SpanScan {
        let conditions = conditions
        guard !conditions.isImpossible else { return SpanScan(filter: .nothing) }
        return SpanScan(starts: (conditions.start ?? starts).widened(by: DependencyGraph.lookaroundNano))
    }
}

/// Gathers spans that arrive in the order of their keys into the pieces that a scan passes to its body: for engines.
public struct TraceGatherer: Sendable {
    private var spans: [MergedSpan] = []

    /// Creates a gatherer without spans.
    public init() {}

    /// Takes the next span.
    ///
    /// - Returns: the spans gathered before, when this one belongs to another trace or `SpanScan.maxSpansAtOnce` is
    ///   reached; else `nil`.
    public mutating func add(_ merged: MergedSpan) -> [MergedSpan]? {
        guard let last = spans.last, last.span.traceID != merged.span.traceID || spans.count >= SpanScan.maxSpansAtOnce
        else {
            spans.append(merged)
            return nil
        }
        defer { spans = [merged] }
        return spans
    }

    /// Returns the spans that are left after the last call of `add`; `nil` when there are none.
    public mutating func finish() -> [MergedSpan]? {
        defer { spans = [] }
        return spans.isEmpty ? nil : spans
    }
}
