import SpanBlockStore
import SpanBlocks
import SpanStorage

/// Reads the indexes of traces from end to end, of runs and of segments, and looks whether all that is in each chunk can be
/// there.
struct TraceChunkWalk {
    private let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    /// A table with chunks of indexes of traces.
    private struct Index {
        var name: StaticString
        /// The table of what the rows are parts of.
        var owners: StaticString
        /// Expressions for how many chunks an owner has, and blocks, where they are known.
        var chunks: StaticString
        var blocks: StaticString
        /// The row to read first, of a place.
        var first: @Sendable (TraceIndexPlace) -> Int64
        /// Takes a row in that was read.
        var pass: @Sendable (inout TraceIndexPlace, _ row: Int64) -> Void
        /// How many bytes an entry has.
        var entryBytes: Int
        /// The traces of a row that selects entries, id, chunks and blocks; its number and how many chunks its owner has, where
        /// there is one.
        var traces: @Sendable (StoredRow, (number: Int, chunks: Int)?) throws(SpanStoreError) -> [TraceHash]
    }

    private static let indexes = [
        Index(
            name: "trace_index", owners: "run", chunks: "trace_chunks", blocks: "blocks",
            first: { $0.nextOfRuns }, pass: { $0.nextOfRuns = $1 + 1 }, entryBytes: RunTraceChunk.entryBytes
        ) { row, place throws(SpanStoreError) in
            guard let place else { return try row.runTraceChunk(0, nil).traces }
            let blocks = try row.count(3, "blocks", in: 1...RunBuilder.maxBlocks)
            return try row.runTraceChunk(0, (place.number, place.chunks, blocks)).traces
        },
        Index(
            name: "trace_segment_index", owners: "trace_segment", chunks: "chunks", blocks: "NULL",
            first: { $0.nextOfSegments }, pass: { $0.nextOfSegments = $1 + 1 }, entryBytes: SegmentTraceChunk.entryBytes
        ) { row, place throws(SpanStoreError) in
            let blocks = [Int?](repeating: nil, count: SegmentTraceChunk.maxRuns)
            return try row.segmentTraceChunk(0, place.map { ($0.number, $0.chunks, blocks) }).traces
        },
    ]

    /// Calls `body` with the traces of each chunk that was stored since a place.
    ///
    /// - Returns: the place behind the last one.
    func forEach(
        since place: TraceIndexPlace, _ body: ([TraceHash]) -> Void
    ) throws(SpanStoreError) -> TraceIndexPlace {
        var next = place
        for table in Self.indexes {
            let last = try connection.integer("SELECT coalesce(max(id), 0) FROM \(table.owners)")
            guard last <= PartID.owners.upperBound else {
                throw .damaged("row \(last) of table \(table.owners): its id is out of range")
            }
            // What belongs to no run is in no answer, and its id could be above those that come.
            let select = try connection.prepare(
                """
                SELECT i.entries, i.id, \(table.chunks), \(table.blocks)
                FROM \(table.name) i LEFT JOIN \(table.owners) o ON o.id = i.id >> 16
                WHERE i.id >= \(table.first(place)) AND i.id < \((last + 1) << 16) ORDER BY i.id
                """)
            while try select.step() {
                // Ids of parts rise, and none is used twice.
                let id = select.integer(1)
                table.pass(&next, id)
                body(try Self.traces(select, StoredRow(select, of: table.name, id: id), id, table))
            }
        }
        return next
    }

    /// A trace that is missing, or is in another chunk, would be taken for new.
    private static func traces(
        _ select: Statement, _ row: StoredRow, _ id: Int64, _ table: Index
    ) throws(SpanStoreError) -> [TraceHash] {
        // What belongs to nothing is in no answer.
        if select.isNull(2) { return try table.traces(row, nil) }
        let chunks = try row.count(2, table.chunks, in: 1...PartID.maxParts)
        let number = PartID.number(id)
        if number >= chunks { throw row.damaged("it is behind the last chunk") }
        return try table.traces(row, (number, chunks))
    }

    /// How many entries the indexes of traces have: a trace has one for each block that it has spans in.
    func entries() throws(SpanStoreError) -> Int {
        var entries = 0
        for table in Self.indexes {
            let bytes = try connection.integer("SELECT coalesce(sum(length(entries)), 0) FROM \(table.name)")
            entries += Int(bytes) / table.entryBytes
        }
        return entries
    }
}
