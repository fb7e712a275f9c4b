import SpanBlockStore
import SpanBlocks
import SpanStorage

/// The table `term_index`, for a reader.
struct TermIndexTable {
    private let select: Statement
    private let selectLast: Statement

    init(_ connection: Connection) throws(SpanStoreError) {
        select = try connection.prepare("SELECT slices FROM term_index WHERE id = ?1")
        selectLast = try connection.prepare(
            "SELECT id, length(slices) FROM term_index WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1")
    }

    /// Whether a run has so many slices as it should: its last row tells it.
    func isWhole(of run: StoredRun) throws(SpanStoreError) -> Bool {
        let rows = TermRows(of: run)
        selectLast.bind(0, run.partID(0))
        selectLast.bind(1, run.partID(PartID.maxParts - 1))
        defer { selectLast.reset() }
        return try selectLast.step() && selectLast.integer(0) == run.partID(rows.count - 1)
            && selectLast.integer(1) == rows.lastRowBytes
    }

    /// Calls `body` with slices until it returns `false`. Each is read where it lies in its row.
    func forEach(
        of run: StoredRun, _ slices: Set<Int>, _ body: (_ slice: [UInt8]) -> Bool
    ) throws(SpanStoreError) {
        let rows = TermRows(of: run)
        for slice in slices {
            let id = run.partID(slice / rows.slicesPerRow)
            select.bind(0, id)
            defer { select.reset() }
            guard try select.step() else { throw .damaged("row \(id) of table term_index is missing") }
            let start = slice % rows.slicesPerRow * rows.sliceBytes
            guard let found = select.bytes(0, from: start, count: rows.sliceBytes) else {
                throw .damaged("row \(id) of table term_index: slices is no blob, or too short")
            }
            if !body(found) { return }
        }
    }

    /// All slices of a run, one behind the other.
    func all(of run: StoredRun) throws(SpanStoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        for number in 0..<TermRows(of: run).count {
            let id = run.partID(number)
            select.bind(0, id)
            defer { select.reset() }
            guard try select.step() else { throw .damaged("row \(id) of table term_index is missing") }
            bytes += try StoredRow(select, of: "term_index", id: id).blob(0, "slices")
        }
        return bytes
    }
}
