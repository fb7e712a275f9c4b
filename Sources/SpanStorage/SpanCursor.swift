import SpanMerge
import SpanModel

/// Position in the results of a search, right behind one span, from which another search goes on.
///
/// A page that begins here repeats no span of an earlier page and leaves none out, whatever is stored meanwhile. The
/// exception is a span whose place in the order, or whose match, a later report changed.
public struct SpanCursor: Sendable, Hashable {
    /// Order to which the position belongs; a search in another order refuses the cursor.
    public let order: SpanOrder
    /// Rank of the last span seen.
    package let rank: SpanRank
    /// Key of the last span seen.
    public let key: SpanKey

    /// Creates the position right behind a span.
    public init(_ last: MergedSpan, order: SpanOrder) {
        self.init(order: order, rank: order.rank(of: last), key: last.key)
    }

    private init(order: SpanOrder, rank: SpanRank, key: SpanKey) {
        self.order = order
        self.rank = rank
        self.key = key
    }

    /// Returns `true` when a span comes behind the position.
    public func precedes(_ merged: MergedSpan) -> Bool {
        let other = order.rank(of: merged)
        return other == rank ? key < merged.key : rank < other
    }

    /// Reads a position back from `text`; `nil` for any other text.
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

    /// Text form, at most 93 characters: name of the order, rank, trace id, span id and side. Rank and ids are in
    /// hexadecimal digits.
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
    /// Conditions that hold for every span behind the position, as far as conditions can express that.
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
    /// `true` when spans with equal first ranks are ordered by more than their keys.
    fileprivate var hasSecondRank: Bool { self == .longest || self == .shortest }
}
