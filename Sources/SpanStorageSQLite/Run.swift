import SpanBlocks
import SpanStorage

/// What the spans of a run are.
enum RunKind: Int64 {
    /// Whole as far as is known: what a span is can be read off its reports here, but for what loose runs add.
    case settled = 0
    /// Reports of spans that have, or may have, others elsewhere: every question joins them with those.
    case loose = 1
    /// Spans that have reports in settled runs too, but are whole here: they take the place of what is there, where they
    /// have the same service and start.
    case whole = 2
}

/// A row of the table `run`: some blocks that were written together, with their indexes.
struct Run {
    var id: Int64 = 0
    /// Hours since 1970, of the spans' start.
    var partition: Int64
    var kind: RunKind
    /// How often its reports were merged; `finished` when they are not merged again.
    var level: Int64
    var blocks: Int
    var rawBytes: Int
    var bytes: Int
    /// Where the starts of its spans lie once their reports elsewhere are joined.
    var starts: ClosedRange<UInt64>
    var summary: BlockSummary
    var termBits: Int
    var traceChunks: Int
    /// Where its index of traces is; 0 where it has one of its own.
    var traceSegment: Int64 = 0

    /// The level of runs that are as large as they get.
    static let finished: Int64 = 9

    /// The id of a part.
    func part(_ number: Int) -> Int64 { id << 16 | Int64(number) }

    static let columns = """
        id, partition, kind, level, blocks, spans, reports, raw_bytes, bytes, from_start, to_start, min_start, max_start, \
        min_duration, max_duration, flags, term_bits, trace_chunks, trace_segment
        """

    init(
        _ encoded: EncodedRun, partition: Int64, kind: RunKind, level: Int64, starts: ClosedRange<UInt64>
    ) {
        self.partition = partition
        self.kind = kind
        self.level = level
        self.starts = starts
        blocks = encoded.blocks.count
        rawBytes = encoded.rawBytes
        bytes =
            encoded.blocks.reduce(0) { $0 + $1.data.count } + encoded.termSlices.count
            + encoded.traceChunks.reduce(0) { $0 + $1.count } + encoded.columns.reduce(0) { $0 + $1.data.count }
        summary = encoded.summary
        termBits = encoded.termBits
        traceChunks = encoded.traceChunks.count
    }

    /// The current row of a statement that selects `columns`.
    init(_ row: Statement) throws(SpanStoreError) {
        id = row.integer(0)
        partition = row.integer(1)
        kind = RunKind(rawValue: row.integer(2)) ?? .loose
        level = row.integer(3)
        blocks = Int(row.integer(4))
        rawBytes = Int(row.integer(7))
        bytes = Int(row.integer(8))
        let (from, to) = (try row.unsigned(9), try row.unsigned(10))
        guard from <= to else { throw SpanStoreError(.corrupt, "a run of the store has no times; restore a copy") }
        starts = from...to
        summary = BlockSummary()
        summary.spans = Int(row.integer(5))
        summary.reports = Int(row.integer(6))
        try summary.readStatistics(row, from: 11)
        termBits = Int(row.integer(16))
        traceChunks = Int(row.integer(17))
        traceSegment = row.integer(18)
        guard blocks >= 0, blocks <= RunBuilder.maxBlocks, termBits > 0, traceChunks > 0, traceChunks <= 1 << 16 else {
            throw SpanStoreError(.corrupt, "a run of the store contradicts itself; restore a copy")
        }
    }
}

extension BlockSummary {
    /// Starts, durations and flags, from that column on.
    mutating func readStatistics(_ row: Statement, from column: Int) throws(SpanStoreError) {
        minStart = try row.unsigned(column)
        maxStart = try row.unsigned(column + 1)
        minDuration = row.integer(column + 2)
        maxDuration = row.integer(column + 3)
        flags = UInt32(truncatingIfNeeded: row.integer(column + 4))
    }

    func bindStatistics(_ statement: Statement, from column: Int) {
        statement.bind(column, unsigned: minStart)
        statement.bind(column + 1, unsigned: maxStart)
        statement.bind(column + 2, minDuration)
        statement.bind(column + 3, maxDuration)
        statement.bind(column + 4, Int64(flags))
    }
}
