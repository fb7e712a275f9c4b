import SpanBlocks
import SpanStorage

/// Reads chunks of indexes of traces, and looks whether all that is in each can be there.
final class TraceIndexReader {
    private let own: Chunks
    private let shared: Chunks
    /// Chunks of runs' own indexes that were read lately. They never change, and no run ever has the id of another.
    private var kept: [Int64: [UInt8]] = [:]
    private var keptBytes = 0
    private static let maxKeptBytes = 4 << 20

    init(_ connection: Connection) throws(SpanStoreError) {
        own = try Chunks(connection, "trace_index", isSegment: false)
        shared = try Chunks(connection, "trace_segment_index", isSegment: true)
    }

    /// A chunk of a run's own index.
    func chunk(of run: Run, _ number: Int) throws(SpanStoreError) -> [UInt8] {
        try own.chunk(run.id, number, of: run.traceChunks, blocks: [run.blocks])
    }

    /// The same, kept for the next trace.
    func keptChunk(of run: Run, _ number: Int) throws(SpanStoreError) -> [UInt8] {
        if let chunk = kept[run.part(number)] { return chunk }
        let chunk = try chunk(of: run, number)
        if keptBytes + chunk.count > Self.maxKeptBytes {
            kept.removeAll(keepingCapacity: true)
            keptBytes = 0
        }
        kept[run.part(number)] = chunk
        keptBytes += chunk.count
        return chunk
    }

    /// A chunk of a segment's index.
    func chunk(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> [UInt8] {
        try shared.chunk(segment.id, number, of: segment.chunks, blocks: segment.blocks)
    }

    /// One of the two tables.
    private final class Chunks {
        private let select: Statement
        private let selectLast: Statement
        private let table: StaticString
        private let isSegment: Bool
        /// Runs or segments that have as many chunks as their rows say.
        private var whole: Set<Int64> = []
        private static let maxWhole = 1 << 16

        init(_ connection: Connection, _ table: StaticString, isSegment: Bool) throws(SpanStoreError) {
            self.table = table
            self.isSegment = isSegment
            select = try connection.prepare("SELECT entries FROM \(table) WHERE id = ?1")
            selectLast = try connection.prepare(
                "SELECT id FROM \(table) WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1")
        }

        func chunk(
            _ owner: Int64, _ number: Int, of count: Int, blocks: [Int?]
        ) throws(SpanStoreError) -> [UInt8] {
            if !whole.contains(owner) {
                try checkLast(owner, count)
                if whole.count == Self.maxWhole { whole.removeAll(keepingCapacity: true) }
                whole.insert(owner)
            }
            let id = owner << 16 | Int64(number)
            select.bind(0, id)
            defer { select.reset() }
            guard try select.step() else { throw StoredRow.damaged("row \(id) of table \(table) is missing") }
            let row = StoredRow(select, of: table, id: id)
            let chunk = try row.traceEntries(0, isSegment: isSegment)
            if let fault = TraceIndex.fault(in: chunk, number, of: count, blocks: blocks, isSegment: isSegment) {
                throw row.damaged(fault)
            }
            return chunk
        }

        /// With other chunks than there are, traces would be looked for in the wrong ones.
        private func checkLast(_ owner: Int64, _ count: Int) throws(SpanStoreError) {
            selectLast.bind(0, owner << 16)
            selectLast.bind(1, owner << 16 | Int64(PartID.maxParts - 1))
            defer { selectLast.reset() }
            guard try selectLast.step(), selectLast.integer(0) == owner << 16 | Int64(count - 1) else {
                throw StoredRow.damaged(
                    "table \(table) has more or fewer rows of \(isSegment ? "segment" : "run") \(owner) than its row says"
                )
            }
        }
    }
}
