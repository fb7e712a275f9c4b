import SpanBlockStore
import SpanBlocks
import SpanStorage

/// The tables `block`, `block_data` and `span_columns`, for a reader.
struct BlockTables {
    private let selectData: Statement
    private let selectSummaries: Statement
    private let selectColumns: Statement
    private let selectLastColumns: Statement

    init(_ connection: Connection) throws(SpanStoreError) {
        selectData = try connection.prepare("SELECT data FROM block_data WHERE id = ?1")
        selectSummaries = try connection.prepare(
            """
            SELECT id, spans, reports, min_start, max_start, min_duration, max_duration, flags FROM block
            WHERE id BETWEEN ?1 AND ?2 ORDER BY id
            """)
        selectColumns = try connection.prepare(
            "SELECT id, blocks, data FROM span_columns WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        selectLastColumns = try connection.prepare(
            "SELECT id, blocks, data FROM span_columns WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1")
    }

    /// What is known of blocks of a run that lie one behind the other.
    func summaries(of run: StoredRun, _ numbers: Range<Int>) throws(SpanStoreError) -> [BlockSummary] {
        selectSummaries.bind(0, run.partID(numbers.lowerBound))
        selectSummaries.bind(1, run.partID(numbers.upperBound - 1))
        defer { selectSummaries.reset() }
        var blocks: [BlockSummary] = []
        blocks.reserveCapacity(numbers.count)
        while try selectSummaries.step() {
            let id = selectSummaries.integer(0)
            guard id == run.partID(numbers.lowerBound + blocks.count) else { break }
            let row = StoredRow(selectSummaries, of: "block", id: id)
            blocks.append(try BlockSummary(row, counts: 1, statistics: 3))
        }
        guard blocks.count == numbers.count else {
            throw .damaged("row \(run.partID(numbers.lowerBound + blocks.count)) of table block is missing")
        }
        return blocks
    }

    /// A block with what its row says.
    func block(_ place: BlockPlace) throws(SpanStoreError) -> StoredBlock {
        selectData.bind(0, place.id)
        defer { selectData.reset() }
        guard try selectData.step() else { throw .damaged("row \(place.id) of table block_data is missing") }
        let frame = try StoredRow(selectData, of: "block_data", id: place.id).blob(0, "data")
        let summaries = try summaries(of: place.run, place.number..<place.number + 1)
        return StoredBlock(place, summary: summaries[0], frame: frame)
    }

    /// All columns of a run.
    func columns(of run: StoredRun) throws(SpanStoreError) -> [StoredColumns] {
        try columns(selectColumns, run, upToBlock: run.blocks - 1)
    }

    /// The columns that begin last of those that begin with a block or before it.
    func lastColumns(of run: StoredRun, upToBlock number: Int) throws(SpanStoreError) -> StoredColumns? {
        try columns(selectLastColumns, run, upToBlock: number).first
    }

    private func columns(
        _ select: Statement, _ run: StoredRun, upToBlock last: Int
    ) throws(SpanStoreError) -> [StoredColumns] {
        select.bind(0, run.partID(0))
        select.bind(1, run.partID(last))
        defer { select.reset() }
        var all: [StoredColumns] = []
        while try select.step() {
            let id = select.integer(0)
            let row = StoredRow(select, of: "span_columns", id: id)
            let first = PartID.number(id)
            let count = try row.count(1, "blocks", in: 1...RunBuilder.maxBlocks)
            guard first >= all.last?.blocks.upperBound ?? 0, count <= run.blocks - first else {
                throw row.damaged("its blocks are not those of the run, or others' too")
            }
            all.append(StoredColumns(of: run, first..<first + count, data: try row.blob(2, "data")))
        }
        return all
    }
}
