/// Finds the parent of each span of a trace among rows that know ids only by hashes: the counterpart of `TraceShape`,
/// which works on spans.
package struct CallParents: Sendable {
    /// Place of each row's parent within the range last given to `find`, in the order of that range; -1 for a root.
    package private(set) var parents: [Int32] = []
    /// `true` once a cycle of parents was found in which several rows share the earliest start. Ids are known by hashes
    /// alone, so the place where such a cycle is cut is a guess; the caller then reads whole spans.
    package private(set) var isAmbiguous = false
    private var halves: [UInt32: (inbound: Int32, other: Int32)] = [:]
    private var seenBy: [Int32] = []

    /// Number of rows up to which looking at each row is faster than a table.
    private static let fewRows = 24

    /// Creates a finder without rows.
    package init() {}

    /// Finds the parent of each row of one trace and leaves the result in `parents`. O(rows of the trace), expected.
    ///
    /// - Parameters:
    ///   - rows: rows of any number of traces.
    ///   - range: places in `rows` of all rows of one trace.
    package mutating func find(_ rows: [CallRow], _ range: Range<Int>) {
        parents.removeAll(keepingCapacity: true)
        if range.count > Self.fewRows { index(rows, range) }
        var mayHaveCircle = false
        for index in range {
            let row = rows[index]
            var parent: Int32 = -1
            if row.marks.contains(.isInbound) {
                parent = range.count > Self.fewRows ? halves[row.span]?.other ?? -1 : other(row.span, rows, range)
            }
            if parent < 0, row.parent != 0 {
                if range.count > Self.fewRows {
                    if let halves = halves[row.parent] {
                        parent = halves.inbound >= 0 ? halves.inbound : halves.other
                    }
                } else {
                    parent = inboundOrOther(row.parent, rows, range)
                }
            }
            // Where each parent starts before its child there is no circle.
            if parent >= 0 {
                let start = rows[range.lowerBound + Int(parent)].startUnixNano
                if start >= row.startUnixNano { mayHaveCircle = true }
            }
            parents.append(parent)
        }
        if mayHaveCircle { cutCircles(rows, range) }
    }

    private mutating func index(_ rows: [CallRow], _ range: Range<Int>) {
        halves.removeAll(keepingCapacity: true)
        for index in range {
            let place = Int32(index - range.lowerBound)
            if rows[index].marks.contains(.isInbound) {
                halves[rows[index].span, default: (-1, -1)].inbound = place
            } else {
                halves[rows[index].span, default: (-1, -1)].other = place
            }
        }
    }

    private func other(_ span: UInt32, _ rows: [CallRow], _ range: Range<Int>) -> Int32 {
        for index in range where rows[index].span == span && !rows[index].marks.contains(.isInbound) {
            return Int32(index - range.lowerBound)
        }
        return -1
    }

    private func inboundOrOther(_ span: UInt32, _ rows: [CallRow], _ range: Range<Int>) -> Int32 {
        var other: Int32 = -1
        for index in range where rows[index].span == span {
            if rows[index].marks.contains(.isInbound) { return Int32(index - range.lowerBound) }
            other = Int32(index - range.lowerBound)
        }
        return other
    }

    /// Cuts each cycle at its earliest row, which then has no parent, as `TraceShape` does.
    private mutating func cutCircles(_ rows: [CallRow], _ range: Range<Int>) {
        seenBy.removeAll(keepingCapacity: true)
        seenBy.append(contentsOf: repeatElement(0, count: range.count))
        for start in parents.indices {
            let walk = Int32(start + 1)
            var place = start
            while seenBy[place] == 0 {
                seenBy[place] = walk
                if parents[place] < 0 { break }
                place = Int(parents[place])
            }
            guard seenBy[place] == walk, parents[place] >= 0 else { continue }
            var earliest = place
            var isTied = false
            var next = Int(parents[place])
            while next != place {
                let (time, best) = (
                    rows[range.lowerBound + next].startUnixNano, rows[range.lowerBound + earliest].startUnixNano
                )
                if time == best { isTied = true }
                if time < best { (earliest, isTied) = (next, false) }
                next = Int(parents[next])
            }
            if isTied { isAmbiguous = true }
            parents[earliest] = -1
        }
    }
}
