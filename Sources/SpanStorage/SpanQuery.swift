import ProtoWire
import SpanMerge
import SpanModel

/// Which spans to find: those for which everything that is set holds.
public struct SpanQuery: Sendable, Hashable {
    /// The service's name, byte for byte; an empty one finds spans without a service.
    public var service: String?
    /// The span's name, byte for byte.
    public var name: String?
    /// The least duration in nanoseconds. Running spans have none and are not found.
    public var minDurationNano: Int64?
    /// The status code; `unset` finds spans without a status too.
    public var status: SpanStatus.Code?
    /// The earliest start, nanoseconds since 1970-01-01T00:00:00Z.
    public var sinceUnixNano: UInt64?
    /// What else is asked; `everything` for nothing more.
    public var filter: SpanFilter
    /// What comes first.
    public var order: SpanOrder
    /// Where to go on: spans behind it alone. It has to be a place in `order`.
    public var after: SpanCursor?
    /// How many spans at the most, the first in `order`; held within `limitRange`.
    public var limit: Int {
        didSet { limit = Self.held(limit) }
    }

    /// 1 ... 10,000.
    public static let limitRange = 1...10_000

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

    /// Whether a span is among those meant, the limit aside.
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

    /// What holds for every span that is found: what is set here, the limit aside, and what follows from the filter.
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

    /// For engines, before they search.
    ///
    /// - Throws: `invalidQuery` where the cursor is a place in another order.
    public func check() throws(SpanStoreError) {
        guard let after, after.order != order else { return }
        throw SpanStoreError(
            .invalidQuery,
            "the cursor is a place in the order \(after.order.rawValue), and the search has the order \(order.rawValue); "
                + "go on in the order of the first page, or begin anew without a cursor")
    }
}
