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

    /// What a block of it has at the most before it is compressed.
    var maxBlockBytes: Int { min(rawBytes, BlockDecompressor.maxBytes) }

    /// How many slices of its search filters a row of `term_index` has.
    var slicesPerChunk: Int { RunTables.slicesPerChunk(sliceBytes: TermSlices.sliceBytes(blocks: blocks)) }

    /// How many rows of `term_index` it has.
    var termChunks: Int { (termBits + slicesPerChunk - 1) / slicesPerChunk }

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
            + encoded.traceChunks.reduce(0) { $0 + $1.bytes.count } + encoded.columns.reduce(0) { $0 + $1.data.count }
        summary = encoded.summary
        termBits = encoded.termBits
        traceChunks = encoded.traceChunks.count
    }

    /// The current row of a statement that selects `columns`.
    ///
    /// - Throws: `corrupt` for a row that contradicts itself, or that no run has.
    init(_ statement: Statement) throws(SpanStoreError) {
        id = statement.integer(0)
        let row = StoredRow(statement, of: "run", id: id)
        guard PartID.owners.contains(id) else { throw row.damaged("its id is out of range") }
        partition = try row.integer(1, "partition", in: 0...Partition.last)
        guard let kind = RunKind(rawValue: try row.integer(2, "kind")) else { throw row.damaged("kind is none") }
        self.kind = kind
        level = try row.integer(3, "level", in: 0...Self.finished)
        blocks = try row.count(4, "blocks", in: 1...RunBuilder.maxBlocks)
        summary = try BlockSummary(row, counts: 5, statistics: 11)
        rawBytes = try row.count(7, "raw_bytes", in: 0...Self.maxBytes)
        bytes = try row.count(8, "bytes", in: 0...Self.maxBytes)
        let (from, to) = (try row.unsigned(9, "from_start"), try row.unsigned(10, "to_start"))
        guard from <= to else { throw row.damaged("from_start is behind to_start") }
        starts = from...to
        let reports = summary.minStart...summary.maxStart
        // What is not joined starts where it says; the reports of a joined span may start before it does, and behind it.
        let isWithin =
            kind == .loose
            ? summary.hasJoined || starts.lowerBound <= reports.lowerBound && starts.upperBound >= reports.upperBound
            : summary.hasJoined ? reports.contains(from) && reports.contains(to) : starts == reports
        guard isWithin else { throw row.damaged("from_start and to_start are not where its spans start") }
        guard summary.spans >= blocks, summary.spans <= blocks * RunBuilder.spansPerBlock else {
            throw row.damaged("so many blocks do not have so many spans")
        }
        // As many as there can be chunks for.
        let perChunk = RunTables.slicesPerChunk(sliceBytes: TermSlices.sliceBytes(blocks: blocks))
        termBits = try row.count(16, "term_bits", in: 1...PartID.maxParts * perChunk)
        traceChunks = try row.count(17, "trace_chunks", in: 1...PartID.maxParts)
        traceSegment = try row.integer(18, "trace_segment", in: 0...PartID.owners.upperBound)
    }

    /// What a run takes at the most, with room to add up millions of them: a tebibyte.
    private static let maxBytes = 1 << 40
}

extension BlockSummary {
    /// - Parameters:
    ///   - counts: the column of the spans; that of the reports is behind it.
    ///   - statistics: the column of the least start; those of the others are behind it.
    /// - Throws: `corrupt` for what no block has.
    init(_ row: StoredRow, counts: Int, statistics column: Int) throws(SpanStoreError) {
        self.init()
        reports = try row.count(counts + 1, "reports", in: 1...Int(Int32.max))
        spans = try row.count(counts, "spans", in: 1...Int(Int32.max))
        guard spans <= reports else { throw row.damaged("it has more spans than reports") }
        minStart = try row.unsigned(column, "min_start")
        maxStart = try row.unsigned(column + 1, "max_start")
        guard minStart <= maxStart else { throw row.damaged("min_start is behind max_start") }
        minDuration = try row.integer(column + 2, "min_duration")
        maxDuration = try row.integer(column + 3, "max_duration")
        guard minDuration <= maxDuration || (minDuration, maxDuration) == (Int64.max, Int64.min) else {
            throw row.damaged("min_duration is above max_duration")
        }
        flags = UInt32(try row.integer(column + 4, "flags", in: 0...Int64(UInt32.max)))
        guard hasPossibleFlags else { throw row.damaged("flags are none that a block has") }
    }

    func bindStatistics(_ statement: Statement, from column: Int) {
        statement.bind(column, unsigned: minStart)
        statement.bind(column + 1, unsigned: maxStart)
        statement.bind(column + 2, minDuration)
        statement.bind(column + 3, maxDuration)
        statement.bind(column + 4, Int64(flags))
    }
}
