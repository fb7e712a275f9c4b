import SpanBlocks
import SpanMerge
import SpanStorage

/// Spans whose rows are not looked at, by the hashes that columns know them by.
struct LeftOutSpans: Sendable {
    private var keys: [Set<UInt64>] = [[], []]

    private var isEmpty: Bool { keys[0].isEmpty && keys[1].isEmpty }

    mutating func insert(_ key: SpanKey) {
        let trace = TraceHash(key).bits
        keys[Int(key.side.rawValue)].insert(UInt64(trace) << 32 | UInt64(SpanColumns.hash(key.spanID)))
    }

    /// Returns `true` for a row of one of these spans.
    func contains(_ columns: SpanColumns, _ row: Int) -> Bool {
        if isEmpty { return false }
        let side = SpanSide(columns.operations[Int(columns.operation[row])].kind)
        let trace = columns.traces[Int(columns.trace[row])]
        return keys[Int(side.rawValue)].contains(UInt64(trace) << 32 | UInt64(columns.span[row]))
    }
}
