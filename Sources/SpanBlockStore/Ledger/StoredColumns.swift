import SpanBlocks
import SpanMerge
import SpanStorage

/// Columns of some blocks of a run, as they are stored; for any thread.
package struct StoredColumns: Sendable {
    /// The id of the first block.
    let id: Int64
    /// The numbers of the blocks in their run.
    package let blocks: Range<Int>
    /// The encoded columns.
    let data: [UInt8]
    /// The summaries of the blocks.
    var summaries: [BlockSummary] = []

    /// Makes columns of what a ledger has of them.
    package init(of run: StoredRun, _ blocks: Range<Int>, data: [UInt8]) {
        id = run.partID(blocks.lowerBound)
        self.blocks = blocks
        self.data = data
    }

    /// Decodes the columns that are wanted.
    ///
    /// - Throws: `corrupt`.
    func columns(_ wanted: SpanColumns.Wanted) throws(SpanStoreError) -> SpanColumns {
        guard let columns = SpanColumns(decoding: data, wanted) else { throw unreadable }
        guard columns.areOf(summaries) else { throw strange }
        return columns
    }

    /// The columns, of which some rows are looked at.
    ///
    /// - Throws: `corrupt`.
    func rows(attributes keys: Set<ExactText>) throws(SpanStoreError) -> StoredRows {
        guard let rows = StoredRows(data, attributes: keys) else { throw unreadable }
        guard rows.areOf(summaries) else { throw strange }
        return rows
    }

    var unreadable: SpanStoreError { .damaged("columns \(id) cannot be read") }

    private var strange: SpanStoreError { .damaged("columns \(id) are not those of their blocks") }
}
