import SpanMerge
import SpanModel
import SpanStorage

/// Some fields of many spans, each a column: what a search asks before it reads blocks, and statistics ask instead.
///
/// A row is a merged span, as far as the run that it is from knows it. Columns of a run are made for some of its blocks that
/// lie one behind the other. Ids are known by 32 bits of their hashes, so that two spans are taken for one where both the
/// trace's and their own agree: one pair in 2^64.
package struct SpanColumns: Sendable {
    /// How many traces each block has; one that is in several blocks counts in each.
    package var blockTraces: [Int32] = []
    /// Of each trace of each block, what the index of traces knows it by.
    package var traces: [UInt32] = []
    package var operations: [SpanOperation] = []
    /// Whom spans called, as their attributes tell.
    package var peers: [DependencyGraph.Node] = []
    package var attributes: [AttributeColumn] = []
    /// In nanoseconds: stored starts are whole milliseconds, rounded down.
    package var startPrecision: UInt64 = 1

    /// When each block begins, as far as it is stored.
    var blockStarts: [UInt64] = []

    // By row.

    /// Of `traces`.
    package var trace: [Int32] = []
    /// `SpanColumns.hash` of the span's id.
    package var span: [UInt32] = []
    /// The same of the parent's; 0 for a root.
    package var parent: [UInt32] = []
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    package var start: [UInt64] = []
    /// Nanoseconds; 0 where it has none.
    package var duration: [Int64] = []
    /// Of `operations`.
    package var operation: [Int32] = []
    /// Of `peers`; -1 for none.
    package var peer: [Int32] = []
    package var flags: [Flags] = []

    /// Values of an attribute.
    package struct AttributeColumn: Sendable {
        package var key: ExactText
        /// Those that many spans have.
        package var values: [AttributeValue]
        /// By row: 0 for a span without the attribute, else `untold`, `another`, or `first` and the value's place.
        package var rows: [UInt16]

        /// Any value at all.
        package static let untold: UInt16 = 1
        /// A value that is none of `values`, nor equal to one in a search.
        package static let another: UInt16 = 2
        package static let first: UInt16 = 3
    }

    /// What else is known of a span.
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let isRunning = Flags(rawValue: 1)
        package static let hasDuration = Flags(rawValue: 2)
        package static let hasParent = Flags(rawValue: 4)

        package init(status: SpanStatus.Code, isRunning: Bool, hasDuration: Bool, hasParent: Bool) {
            let code: UInt8 = (0...2).contains(status.rawValue) ? UInt8(status.rawValue) : 3
            rawValue = (isRunning ? 1 : 0) | (hasDuration ? 2 : 0) | (hasParent ? 4 : 0) | code << 4
        }

        package var isError: Bool { rawValue >> 4 == UInt8(SpanStatus.Code.error.rawValue) }

        /// Whether the status is that code, or is a number without a name as that is.
        package func mayBe(_ status: SpanStatus.Code) -> Bool {
            rawValue >> 4 == Flags(status: status, isRunning: false, hasDuration: false, hasParent: false).rawValue >> 4
        }
    }

    package init() {}

    /// Whether columns that were stored can be those of some blocks.
    package func areOf(_ blocks: [BlockSummary]) -> Bool {
        Self.areOf(blocks, rows: count, starts: blockStarts)
    }

    /// How many rows there are.
    package var count: Int { flags.count }

    /// What a span's id is known by: never 0.
    package static func hash(_ id: SpanID) -> UInt32 {
        max(UInt32(truncatingIfNeeded: StableHash.mix(id.value, 0) >> 32), 1)
    }

    /// The rows of each trace of each block, one trace's behind the other's, and where each one's begin.
    package var rowsByTrace: (starts: [Int32], rows: [Int32]) {
        var starts = [Int32](repeating: 0, count: traces.count + 1)
        for trace in trace { starts[Int(trace) + 1] += 1 }
        for index in traces.indices { starts[index + 1] += starts[index] }
        var next = starts
        var rows = [Int32](repeating: 0, count: count)
        for (row, trace) in trace.enumerated() {
            rows[Int(next[Int(trace)])] = Int32(row)
            next[Int(trace)] += 1
        }
        return (starts, rows)
    }
}
