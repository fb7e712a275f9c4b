import SpanBlocks
import SpanMerge
import SpanStorage

/// The first spans in the order of results, of those that were found so far.
struct FirstSpans {
    private let order: SpanOrder
    private let limit: Int
    /// The rank behind which the search goes on.
    private let after: SpanRank?
    private var entries: [(rank: SpanRank, span: MergedSpan)] = []

    init(_ query: SpanQuery) {
        order = query.order
        limit = query.limit
        after = query.after?.rank
    }

    /// In order.
    var spans: [MergedSpan] { entries.map(\.span) }

    /// The rank behind which nothing can be among them any more; `nil` while there is room.
    var bound: SpanRank? { entries.count < limit ? nil : entries.last?.rank }

    /// Returns `true` where a span of this rank may come to be among them; at the bound and at the cursor its key decides.
    func mayTake(_ rank: @autoclosure () -> SpanRank) -> Bool {
        let bound = bound
        if bound == nil, after == nil { return true }
        let rank = rank()
        if let after, rank < after { return false }
        return bound.map { rank <= $0 } ?? true
    }

    /// Returns `true` where some of the spans that are summed up may come to be among them.
    func mayTakeSome(of summary: BlockSummary) -> Bool {
        if let after, summary.lastRank(in: order) < after { return false }
        return bound.map { summary.firstRank(in: order) <= $0 } ?? true
    }

    /// Returns `true` where a span would be among them.
    func hasRoom(for span: MergedSpan) -> Bool {
        guard entries.count == limit, let last = entries.last else { return true }
        return order.precedes(span, last.span)
    }

    mutating func insert(_ span: MergedSpan) {
        guard hasRoom(for: span) else { return }
        let rank = order.rank(of: span)
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            let other = entries[middle]
            if other.rank == rank ? other.span.key < span.key : other.rank < rank {
                low = middle + 1
            } else {
                high = middle
            }
        }
        entries.insert((rank, span), at: low)
        if entries.count > limit { entries.removeLast() }
    }
}
