import SpanBlockStore
import SpanBlocks
import SpanStorage

/// A table with chunks of indexes of traces: `trace_index` of runs, or `trace_segment_index` of segments.
final class TraceChunkTable {
    private let select: Statement
    private let selectLast: Statement
    private let table: StaticString
    /// What the rows are parts of: a run or a segment.
    private let owner: StaticString

    init(_ connection: Connection, _ table: StaticString, of owner: StaticString) throws(SpanStoreError) {
        self.table = table
        self.owner = owner
        select = try connection.prepare("SELECT entries FROM \(table) WHERE id = ?1")
        selectLast = try connection.prepare(
            "SELECT id FROM \(table) WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1")
    }

    /// Reads a chunk of a run's or a segment's index.
    ///
    /// - Parameter read: takes the row, with `entries` as its first column.
    /// - Throws: `corrupt` where the row is missing, and what `read` throws.
    func chunk<Chunk>(
        _ id: Int64, _ number: Int, _ read: (StoredRow) throws(SpanStoreError) -> Chunk
    ) throws(SpanStoreError) -> Chunk {
        let part = PartID.of(id, number)
        select.bind(0, part)
        defer { select.reset() }
        guard try select.step() else { throw .damaged("row \(part) of table \(table) is missing") }
        return try read(StoredRow(select, of: table, id: part))
    }

    /// Looks whether an index has as many chunks as it should: with others, traces would be looked for in the wrong ones.
    ///
    /// - Throws: `corrupt` where it has more or fewer.
    func check(_ id: Int64, hasChunks count: Int) throws(SpanStoreError) {
        selectLast.bind(0, PartID.of(id, 0))
        selectLast.bind(1, PartID.of(id, PartID.maxParts - 1))
        defer { selectLast.reset() }
        guard try selectLast.step(), selectLast.integer(0) == PartID.of(id, count - 1) else {
            throw .damaged("table \(table) has more or fewer rows of \(owner) \(id) than its row says")
        }
    }
}

extension StoredRow {
    /// A chunk of a run's index of traces.
    ///
    /// - Parameters:
    ///   - place: the chunk's number, how many the index has, and how many blocks the run; `nil` where the chunk is of no run.
    /// - Throws: `corrupt` for what cannot be in that chunk.
    func runTraceChunk(
        _ column: Int, _ place: (number: Int, chunks: Int, blocks: Int)?
    ) throws(SpanStoreError) -> RunTraceChunk {
        guard let chunk = RunTraceChunk(stored: try blob(column, "entries")) else {
            throw damaged("entries are cut off")
        }
        if let place, let fault = chunk.fault(place.number, of: place.chunks, blocks: place.blocks) {
            throw damaged(fault)
        }
        return chunk
    }

    /// A chunk of a segment's index of traces.
    ///
    /// - Parameters:
    ///   - place: the chunk's number, how many the index has, and how many blocks each run of the segment, where that is
    ///     known; `nil` where the chunk is of no segment.
    /// - Throws: `corrupt` for what cannot be in that chunk.
    func segmentTraceChunk(
        _ column: Int, _ place: (number: Int, chunks: Int, blocks: [Int?])?
    ) throws(SpanStoreError) -> SegmentTraceChunk {
        guard let chunk = SegmentTraceChunk(stored: try blob(column, "entries")) else {
            throw damaged("entries are cut off")
        }
        if let place, let fault = chunk.fault(place.number, of: place.chunks, blocks: place.blocks) {
            throw damaged(fault)
        }
        return chunk
    }
}
