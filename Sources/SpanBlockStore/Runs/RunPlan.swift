import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// A plan of which reports of a set go to which run.
package struct RunPlan {
    /// Spans of one partition and kind.
    package struct Part {
        /// Hours since 1970.
        package var partition: Int64
        /// The kind of the spans.
        package var kind: RunKind
        /// Entries of the set; groups are ranges of it.
        var order: [Int32] = []
        var groups: [RunBuilder.Group] = []
        /// The range in which the starts of the spans lie once all their reports are joined.
        var starts: ClosedRange<UInt64>?

        mutating func add(_ members: ArraySlice<Int32>, start: UInt64, merged: MergedSpan?, starts: ClosedRange<UInt64>)
        {
            let first = order.count
            order += members
            groups.append(
                RunBuilder.Group(range: first..<order.count, start: start, merged: merged.map { JoinedSpan($0) }))
            let all = self.starts ?? starts
            self.starts = min(all.lowerBound, starts.lowerBound)...max(all.upperBound, starts.upperBound)
        }
    }

    private(set) var parts: [Part] = []
    private var latest = 0
    private let expected: Int

    /// Makes a plan without reports.
    ///
    /// - Parameter expected: about how many reports come.
    package init(expected: Int = 0) { self.expected = expected }

    /// Adds the reports of one span.
    package mutating func add(
        _ members: ArraySlice<Int32>, partition: Int64, kind: RunKind, start: UInt64, merged: MergedSpan? = nil,
        starts: ClosedRange<UInt64>
    ) {
        if latest >= parts.count || parts[latest].partition != partition || parts[latest].kind != kind {
            if let known = parts.firstIndex(where: { $0.partition == partition && $0.kind == kind }) {
                latest = known
            } else {
                latest = parts.count
                parts.append(Part(partition: partition, kind: kind))
                if kind == .settled, latest == 0 {
                    parts[latest].order.reserveCapacity(expected)
                    parts[latest].groups.reserveCapacity(expected)
                }
            }
        }
        parts[latest].add(members, start: start, merged: merged, starts: starts)
    }

    /// Entries of a set by key: those of a span one behind the other.
    static func sorted(_ entries: ArraySlice<ReportEntry>) -> [Int32] {
        struct Place {
            var high: UInt64
            var low: UInt64
            var span: UInt64
            var number: Int32
            var side: UInt8
        }
        var places: [Place] = []
        places.reserveCapacity(entries.count)
        for number in entries.indices {
            let key = entries[number].key
            places.append(
                Place(
                    high: key.traceID.high, low: key.traceID.low, span: key.spanID.value, number: Int32(number),
                    side: key.side.rawValue))
        }
        places.sort { left, right in
            if left.high != right.high { return left.high < right.high }
            if left.low != right.low { return left.low < right.low }
            if left.span != right.span { return left.span < right.span }
            return left.side == right.side ? left.number < right.number : left.side < right.side
        }
        return places.map(\.number)
    }

    /// Calls `body` with the entries of each span, copies of one report left out but for the first.
    ///
    /// - Parameter range: of the entries; all by default.
    package static func forEachSpan<Failure: Error>(
        _ set: borrowing ReportSet, in range: Range<Int>? = nil,
        _ body: (ArraySlice<Int32>, SpanKey) throws(Failure) -> Void
    ) throws(Failure) {
        let order = sorted(set.entries[range ?? set.entries.indices])
        var position = 0
        while position < order.count {
            let key = set.entries[Int(order[position])].key
            var end = position + 1
            while end < order.count, set.entries[Int(order[end])].key == key { end += 1 }
            if end - position == 1 {
                try body(order[position..<end], key)
            } else {
                var distinct: [Int32] = []
                for member in order[position..<end]
                where !distinct.contains(where: { set.areCopies(set.entries[Int($0)], set.entries[Int(member)]) }) {
                    distinct.append(member)
                }
                try body(distinct[...], key)
            }
            position = end
        }
    }
}
