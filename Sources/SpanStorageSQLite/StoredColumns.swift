import SpanBlocks
import SpanMerge
import SpanStorage

/// A row of `span_columns`.
struct StoredColumns: Sendable {
    var id: Int64
    /// Of the run.
    var blocks: Range<Int>
    var data: [UInt8]
    /// What is known of the blocks.
    var summaries: [BlockSummary] = []

    /// - Throws: `corrupt`.
    func columns(_ wanted: SpanColumns.Wanted) throws(SpanStoreError) -> SpanColumns {
        guard let columns = SpanColumns(decoding: data, wanted) else { throw unreadable }
        guard columns.areOf(summaries) else { throw strange }
        return columns
    }

    /// The same, of which some rows are looked at.
    ///
    /// - Throws: `corrupt`.
    func rows(attributes keys: Set<ExactText>) throws(SpanStoreError) -> StoredRows {
        guard let rows = StoredRows(data, attributes: keys) else { throw unreadable }
        guard rows.areOf(summaries) else { throw strange }
        return rows
    }

    var unreadable: SpanStoreError { BlockReader.damaged("columns \(id) cannot be read") }

    private var strange: SpanStoreError { BlockReader.damaged("columns \(id) are not those of their blocks") }
}
