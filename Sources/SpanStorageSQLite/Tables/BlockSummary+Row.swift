import SpanBlocks
import SpanStorage

extension BlockSummary {
    /// - Parameters:
    ///   - counts: the column of the spans; that of the reports is behind it.
    ///   - statistics: the column of the least start; those of the others are behind it.
    /// - Throws: `corrupt` for what no block has.
    init(_ row: StoredRow, counts: Int, statistics column: Int) throws(SpanStoreError) {
        self.init()
        reports = try row.count(counts + 1, "reports", in: 1...Int(Int32.max))
        spans = try row.count(counts, "spans", in: 1...Int(Int32.max))
        guard spans <= reports else { throw row.damaged("it has more spans than reports") }
        minStart = try row.unsigned(column, "min_start")
        maxStart = try row.unsigned(column + 1, "max_start")
        guard minStart <= maxStart else { throw row.damaged("min_start is behind max_start") }
        minDuration = try row.integer(column + 2, "min_duration")
        maxDuration = try row.integer(column + 3, "max_duration")
        guard minDuration <= maxDuration || (minDuration, maxDuration) == (Int64.max, Int64.min) else {
            throw row.damaged("min_duration is above max_duration")
        }
        flags = UInt32(try row.integer(column + 4, "flags", in: 0...Int64(UInt32.max)))
        guard hasPossibleFlags else { throw row.damaged("flags are none that a block has") }
    }

    func bindStatistics(_ statement: Statement, from column: Int) {
        statement.bind(column, unsigned: minStart)
        statement.bind(column + 1, unsigned: maxStart)
        statement.bind(column + 2, minDuration)
        statement.bind(column + 3, maxDuration)
        statement.bind(column + 4, Int64(flags))
    }
}
