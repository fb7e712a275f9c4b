import SpanBlockStore
import SpanBlocks
import SpanStorage

extension StoredRun {
    /// The columns of the table `run`.
    static let columns = """
        id, partition, kind, level, blocks, spans, reports, raw_bytes, bytes, from_start, to_start, min_start, max_start, \
        min_duration, max_duration, flags, term_bits, trace_chunks, trace_segment
        """

    /// What a run takes at the most, with room to add up millions of them: a tebibyte.
    private static let maxBytes = 1 << 40

    /// The current row of a statement that selects `columns`.
    ///
    /// - Throws: `corrupt` for a row that contradicts itself, or that no run has.
    init(_ statement: Statement) throws(SpanStoreError) {
        let id = statement.integer(0)
        let row = StoredRow(statement, of: "run", id: id)
        guard PartID.owners.contains(id) else { throw row.damaged("its id is out of range") }
        let partition = try row.integer(1, "partition", in: 0...Partition.last)
        guard let kind = RunKind(rawValue: try row.integer(2, "kind")) else { throw row.damaged("kind is none") }
        guard let level = RunLevel(rawValue: try row.integer(3, "level")) else {
            throw row.damaged("level is out of range")
        }
        let blocks = try row.count(4, "blocks", in: 1...RunBuilder.maxBlocks)
        let summary = try BlockSummary(row, counts: 5, statistics: 11)
        let rawBytes = try row.count(7, "raw_bytes", in: 0...Self.maxBytes)
        let bytes = try row.count(8, "bytes", in: 0...Self.maxBytes)
        let (from, to) = (try row.unsigned(9, "from_start"), try row.unsigned(10, "to_start"))
        guard from <= to else { throw row.damaged("from_start is behind to_start") }
        let starts = from...to
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
        // As many as there can be rows for.
        let termBits = try row.count(
            16, "term_bits", in: 1...PartID.maxParts * TermRows.slicesPerRow(blocks: blocks))
        let traceChunks = try row.count(17, "trace_chunks", in: 1...PartID.maxParts)
        let segment = try row.integer(18, "trace_segment", in: 0...PartID.owners.upperBound)
        self.init(
            id: id, partition: partition, kind: kind, level: level, blocks: blocks, rawBytes: rawBytes, bytes: bytes,
            starts: starts, summary: summary, termBits: termBits, traceChunks: traceChunks,
            traceSegment: segment == 0 ? nil : segment)
    }
}
