import SpanMerge
import SpanModel

/// Where a search goes on: behind one span in an order of results.
///
/// A page that begins here has no span that was on an earlier page and leaves none out, whatever is stored meanwhile,
/// except for spans whose place in the order or whose match a later report changed.
public struct SpanCursor: Sendable, Hashable {
    /// The order in which it is a place; a search in another one refuses it.
    public let order: SpanOrder
    /// Where the last span that was seen comes in it.
    package let rank: SpanRank
    /// The key of that span.
    public let key: SpanKey

    /// Behind a span.
    public init(_ last: MergedSpan, order: SpanOrder) {
        self.init(order: order, rank: order.rank(of: last), key: last.key)
    }

    private init(order: SpanOrder, rank: SpanRank, key: SpanKey) {
        self.order = order
        self.rank = rank
        self.key = key
    }

    /// Whether a span comes behind it.
    public func precedes(_ merged: MergedSpan) -> Bool {
        let other = order.rank(of: merged)
        return other == rank ? key < merged.key : rank < other
    }

    /// - Parameter text: what `text` gave; `nil` for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let order = parts.first.flatMap({ SpanOrder(rawValue: String($0)) }),
            parts.count == (order.hasSecondRank ? 5 : 4), let first = SpanID(hex: String(parts[1])),
            let second = order.hasSecondRank ? SpanID(hex: String(parts[2])) : .invalid,
            let trace = TraceID(hex: String(parts[parts.count - 2])), let last = parts.last, last.utf8.count == 17,
            let span = SpanID(hex: String(last.prefix(16))), let side = last.utf8.last,
            let side = SpanSide(rawValue: side &- UInt8(ascii: "0"))
        else { return nil }
        self.init(
            order: order, rank: SpanRank(first: first.value, second: second.value),
            key: SpanKey(traceID: trace, spanID: span, side: side))
    }

    /// The order's name, the place in it, trace id, span id and side, all but the first and the last in hexadecimal digits:
    /// 93 characters at the most.
    public var text: String {
        let place =
            order.hasSecondRank ? "\(SpanID(rank.first).hex)-\(SpanID(rank.second).hex)" : SpanID(rank.first).hex
        return "\(order.rawValue)-\(place)-\(key.traceID.hex)-\(key.spanID.hex)\(key.side.rawValue)"
    }
}

extension SpanCursor: CustomStringConvertible {
    public var description: String { text }
}

extension SpanCursor {
    /// What holds for every span behind it, as far as conditions say such a thing.
    var conditions: SpanConditions {
        var conditions = SpanConditions()
        switch order {
        case .newest: conditions.start = 0...(~rank.first)
        // Spans whose start is not known, 0, come behind all others, and those without a duration likewise.
        case .oldest: conditions.start = rank.first == .max ? 0...0 : nil
        case .longest, .shortest: break
        }
        return conditions
    }
}

extension SpanOrder {
    /// Whether something else than the key decides where what it compares is equal.
    fileprivate var hasSecondRank: Bool { self == .longest || self == .shortest }
}
