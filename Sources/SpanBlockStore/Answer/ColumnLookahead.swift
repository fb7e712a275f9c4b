import SpanBlocks
import SpanStorage

/// Columns of the blocks of one search: read for some blocks ahead, on all cores, the more the longer the search
/// goes on.
struct ColumnLookahead {
    private let selection: ColumnMatcher
    private let reader: BlockReader
    /// The spans that can match, by the id of their block.
    private var spans: [Int64: BlockMatches] = [:]
    /// Blocks without columns.
    private var unknown: Set<Int64> = []
    /// The number of columns that are read at once, next time.
    private var columnsAtOnce = 1

    /// The number of blocks of which it is of use to know that they are next.
    static let blocksAhead = 256
    private static let maxColumnsAtOnce = 16

    init(_ selection: ColumnMatcher, _ reader: BlockReader) {
        self.selection = selection
        self.reader = reader
    }

    /// Looks up the spans of a block that can match.
    ///
    /// - Returns: `nil` where nothing is known.
    func spans(of run: StoredRun, _ block: Int) -> BlockMatches? { spans[run.partID(block)] }

    /// Reads the columns of the first block, and of some that come behind it.
    mutating func prepare(_ blocks: [(run: StoredRun, block: Int)]) throws(SpanStoreError) {
        var parts: [(stored: StoredColumns, run: StoredRun)] = []
        for (run, block) in blocks where parts.count < columnsAtOnce {
            if isKnown(run, block) || parts.contains(where: { $0.run.id == run.id && $0.stored.blocks.contains(block) })
            {
                continue
            }
            if let stored = try reader.columns(of: run, withBlock: block) {
                parts.append((stored, run))
            } else {
                unknown.insert(run.partID(block))
            }
        }
        columnsAtOnce = min(columnsAtOnce * 2, Self.maxColumnsAtOnce)
        for (index, found) in try read(parts.map(\.stored)).enumerated() {
            let (stored, run) = parts[index]
            for (block, spans) in zip(stored.blocks, found) { self.spans[run.partID(block)] = spans }
        }
    }

    /// Returns `true` where columns were asked about a block.
    func isKnown(_ run: StoredRun, _ block: Int) -> Bool {
        spans[run.partID(block)] != nil || unknown.contains(run.partID(block))
    }

    private func read(_ parts: [StoredColumns]) throws(SpanStoreError) -> [[BlockMatches]] {
        let selection = selection
        return try concurrentMap(parts, reader.share) { part throws(SpanStoreError) in
            guard let spans = selection.spans(try part.rows(attributes: selection.keys)) else { throw part.unreadable }
            return spans
        }
    }
}
