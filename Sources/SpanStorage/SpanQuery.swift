import ProtoWire
import SpanMerge
import SpanModel

/// Question for spans: those for which every condition that is set holds.
public struct SpanQuery: Sendable, Hashable {
    /// Name of the service, byte for byte; an empty one finds spans without a service; `nil` for any.
    public var service: String?
    /// Name of the span, byte for byte; `nil` for any.
    public var name: String?
    /// Least duration in nanoseconds; spans without a duration, such as running ones, are not found. `nil` for any or
    /// none.
    public var minDurationNano: Int64?
    /// Status code; `unset` finds spans without a status too; `nil` for any.
    public var status: SpanStatus.Code?
    /// Least start, nanoseconds since 1970-01-01T00:00:00Z; `nil` for any.
    public var sinceUnixNano: UInt64?
    /// Filter that spans match besides; `everything` for no further condition.
    public var filter: SpanFilter
    /// Order of the results.
    public var order: SpanOrder
    /// Cursor behind which the results begin; it has to belong to `order`. `nil` for the first page.
    public var after: SpanCursor?
    /// Greatest number of spans in the answer, the first ones in `order`; clamped to `limitRange`.
    public var limit: Int {
        didSet { limit = Self.held(limit) }
    }

    /// Range of `limit`: 1 ... 10,000.
    public static let limitRange = 1...10_000

    /// Creates a query; without arguments it finds the newest 100 spans.
    public init(
        service: String? = nil, name: String? = nil, minDurationNano: Int64? = nil, status: SpanStatus.Code? = nil,
        sinceUnixNano: UInt64? = nil, filter: SpanFilter = .everything, order: SpanOrder = .newest,
        after: SpanCursor? = nil, limit: Int = 100
    ) {
        self.service = service
        self.name = name
        self.minDurationNano = minDurationNano
        self.status = status
        self.sinceUnixNano = sinceUnixNano
        self.filter = filter
        self.order = order
        self.after = after
        self.limit = Self.held(limit)
    }

    private static func held(_ limit: Int) -> Int { min(max(limit, limitRange.lowerBound), limitRange.upperBound) }

    /// Returns `true` when a span satisfies the query and lies behind the cursor; the limit is not looked at.
    public func matches(_ merged: MergedSpan) -> Bool {
        if let service, !service.hasSameBytes(as: merged.service) { return false }
        if let name, !name.hasSameBytes(as: merged.span.name) { return false }
        if let status, status != merged.statusCode { return false }
        if let sinceUnixNano, merged.span.startTimeUnixNano < sinceUnixNano { return false }
        if let minDurationNano {
            guard let duration = merged.durationNano, duration >= minDurationNano else { return false }
        }
        if let after, !after.precedes(merged) { return false }
        return filter.matches(merged)
    }

    /// Conditions that hold for every span that the query finds: its own, those of the cursor, and those that follow
    /// from the filter.
    public var conditions: SpanConditions {
        var own = SpanConditions()
        own.service = service.map { ExactText($0) }
        own.name = name.map { ExactText($0) }
        own.status = status
        if let sinceUnixNano { own.start = sinceUnixNano...UInt64.max }
        if let minDurationNano { own.durationNano = minDurationNano...Int64.max }
        if let after { own = own.and(after.conditions) }
        return own.and(filter.conditions)
    }

    /// Checks that the parts of the query fit together; engines call it before they search.
    ///
    /// - Throws: `invalidQuery` when the cursor belongs to another order.
    public func check() throws(SpanStoreError) {
        guard let after, after.order != order else { return }
        throw SpanStoreError(
            .invalidQuery,
            "the cursor is a place in the order \(after.order.rawValue), and the search has the order \(order.rawValue); "
                + "go on in the order of the first page, or begin anew without a cursor")
    }
}
