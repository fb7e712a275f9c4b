import SpanBlocks

/// Columns that are looked at.
struct ReadColumns: Sendable {
    let columns: SpanColumns
    private let leftOut: LeftOutSpans
    private let part: ColumnPart?

    init(_ columns: SpanColumns, _ leftOut: LeftOutSpans, of part: ColumnPart? = nil) {
        self.columns = columns
        self.leftOut = leftOut
        self.part = part
    }

    /// Returns `true` for a row that is to be passed over, since its span is visited elsewhere.
    func isLeftOut(_ row: Int) -> Bool { leftOut.contains(columns, row) }

    /// The blocks that columns which were stored are of.
    var storedBlocks: (run: StoredRun, first: Int)? {
        guard let part, case .stored(let stored) = part.form else { return nil }
        return (part.run, stored.blocks.lowerBound)
    }
}
