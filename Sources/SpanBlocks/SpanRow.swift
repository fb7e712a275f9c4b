import SpanMerge
import SpanModel
import SpanStorage

/// What columns say of a span, attributes aside.
package struct SpanRow: Sendable, Hashable {
    /// As `SpanColumns.traces`.
    package var trace: UInt32
    package var span: UInt32
    package var parent: UInt32
    package var operation: SpanOperation
    package var flags: SpanColumns.Flags.RawValue
    package var startUnixNano: UInt64
    package var durationNano: Int64
    package var peer: DependencyGraph.Node?

    /// The row of a span.
    package init(_ merged: MergedSpan) {
        trace = TraceHash(merged.key).bits
        span = SpanColumns.hash(merged.span.spanID)
        parent = merged.span.parentSpanID.isValid ? SpanColumns.hash(merged.span.parentSpanID) : 0
        operation = SpanOperation(merged)
        flags =
            SpanColumns.Flags(
                status: merged.statusCode, isRunning: merged.isRunning, hasDuration: merged.durationNano != nil,
                hasParent: merged.span.parentSpanID.isValid
            ).rawValue
        startUnixNano = merged.span.startTimeUnixNano
        durationNano = merged.durationNano ?? 0
        peer = CallSpan(merged, isMeant: true).peer
    }

    fileprivate init(_ columns: SpanColumns, _ row: Int) {
        trace = columns.traces[Int(columns.trace[row])]
        span = columns.span[row]
        parent = columns.parent[row]
        operation = columns.operations[Int(columns.operation[row])]
        flags = columns.flags[row].rawValue
        startUnixNano = columns.start[row]
        durationNano = columns.duration[row]
        peer = columns.peer[row] < 0 ? nil : columns.peers[Int(columns.peer[row])]
    }

    /// With the start rounded down.
    package func rounded(to precision: UInt64) -> SpanRow {
        var row = self
        row.startUnixNano -= row.startUnixNano % precision
        return row
    }
}

extension SpanColumns {
    /// A row; of columns with calls.
    package func row(_ number: Int) -> SpanRow { SpanRow(self, number) }
}
