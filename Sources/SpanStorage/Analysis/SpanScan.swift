import SpanMerge
import SpanModel

/// Which spans a scan visits: those that start within a range and match a filter.
public struct SpanScan: Sendable, Hashable {
    /// The least and the greatest start, nanoseconds since 1970-01-01T00:00:00Z. A span whose start is not known has 0.
    public var starts: ClosedRange<UInt64>
    /// What else is asked of a span; may narrow the range further.
    public var filter: SpanFilter

    /// How many spans of one trace come in one call of a scan's body at the most: what a scan holds in memory at once.
    public static let maxSpansAtOnce = 65_536

    public init(starts: ClosedRange<UInt64> = 0...UInt64.max, filter: SpanFilter = .everything) {
        self.starts = starts
        self.filter = filter
    }

    /// Whether a span is visited.
    public func matches(_ merged: MergedSpan) -> Bool {
        starts.contains(merged.span.startTimeUnixNano) && filter.matches(merged)
    }

    /// What holds for every span that is visited; see `SpanQuery.conditions`.
    public var conditions: SpanConditions {
        var own = SpanConditions()
        own.start = starts
        return own.and(filter.conditions)
    }

    /// All spans that start in the range, as far as the filter leaves it, or up to `DependencyGraph.lookaroundNano` beside
    /// it: where callees and children of those that are meant are looked for.
    package var surroundings: SpanScan {
        let conditions = conditions
        guard !conditions.isImpossible else { return SpanScan(filter: .nothing) }
        return SpanScan(starts: (conditions.start ?? starts).widened(by: DependencyGraph.lookaroundNano))
    }
}

/// Gathers spans in the order of their keys into the pieces that a scan hands to its body: for engines.
public struct TraceGatherer: Sendable {
    private var spans: [MergedSpan] = []

    public init() {}

    /// Takes the next span.
    ///
    /// - Returns: what was gathered before and is complete by that, or has reached `SpanScan.maxSpansAtOnce`.
    public mutating func add(_ merged: MergedSpan) -> [MergedSpan]? {
        guard let last = spans.last, last.span.traceID != merged.span.traceID || spans.count >= SpanScan.maxSpansAtOnce
        else {
            spans.append(merged)
            return nil
        }
        defer { spans = [merged] }
        return spans
    }

    /// What is left when all spans were taken; `nil` if nothing is.
    public mutating func finish() -> [MergedSpan]? {
        defer { spans = [] }
        return spans.isEmpty ? nil : spans
    }
}
