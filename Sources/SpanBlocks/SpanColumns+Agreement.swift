import SpanMerge
import SpanModel
import SpanStorage

extension SpanColumns {
    /// Whether both say the same of the same spans, in whatever order, as far as both tell: `other` of exact starts.
    package func agrees(with other: SpanColumns) -> Bool {
        guard count == other.count, blockTraces == other.blockTraces, traces == other.traces else { return false }
        let (own, others) = (rowsByID, other.rowsByID)
        let precision = max(startPrecision, other.startPrecision)
        for (row, otherRow) in zip(own, others)
        where self.row(row).rounded(to: precision) != other.row(otherRow).rounded(to: precision) {
            return false
        }
        for column in attributes {
            guard let otherColumn = other.attributes.first(where: { $0.key == column.key }) else { continue }
            for (row, otherRow) in zip(own, others) {
                let (value, otherValue) = (column.rows[row], otherColumn.rows[otherRow])
                if (value == 0) != (otherValue == 0), value != AttributeColumn.untold,
                    otherValue != AttributeColumn.untold
                {
                    return false
                }
                let (place, otherPlace) = (
                    Int(value) - Int(AttributeColumn.first), Int(otherValue) - Int(AttributeColumn.first)
                )
                guard column.values.indices.contains(place), otherColumn.values.indices.contains(otherPlace) else {
                    continue
                }
                if !column.values[place].isEqualInSearch(to: otherColumn.values[otherPlace]) { return false }
            }
        }
        return true
    }

    /// By trace, span and side.
    private var rowsByID: [Int] {
        let isInbound = operations.map { SpanSide($0.kind) == .inbound }
        return (0..<count).sorted { left, right in
            if trace[left] != trace[right] { return trace[left] < trace[right] }
            if span[left] != span[right] { return span[left] < span[right] }
            return !isInbound[Int(operation[left])] && isInbound[Int(operation[right])]
        }
    }
}

extension AttributeValue {
    /// An integer and a double of one value are one value of a column, and which of them stands there depends on the order.
    fileprivate func isEqualInSearch(to other: AttributeValue) -> Bool {
        switch (self, other) {
        case (.int(let left), .double(let right)), (.double(let right), .int(let left)): Int64(exactly: right) == left
        case (.double(let left), .double(let right)): left == right
        default: self == other
        }
    }
}
