import SpanBlockStore
import SpanStorage

/// Ids that SQLite gives to rows.
enum RowIDs {
    /// Tables whose ids rise and are never used twice.
    static let tables: [StaticString] = ["run", "trace_segment", "deleted_trace"]

    /// Runs a statement that inserts a row into one of them.
    ///
    /// - Throws: `corrupt` where there is no id left: SQLite says then what it says of a full disk.
    static func insert(_ statement: Statement, _ connection: Connection, in table: StaticString) throws(SpanStoreError)
    {
        do throws(SpanStoreError) {
            try statement.run()
        } catch {
            guard error.code == .diskFull, (try? areUsedUp(connection, in: table)) == true else { throw error }
            throw usedUp(table)
        }
    }

    private static func areUsedUp(_ connection: Connection, in table: StaticString) throws(SpanStoreError) -> Bool {
        let greatest = try connection.integer(
            """
            SELECT max(coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = '\(table)'), 0),
                coalesce((SELECT max(id) FROM \(table)), 0))
            """)
        return greatest == .max
    }

    private static func usedUp(_ table: StaticString) -> SpanStoreError {
        SpanStoreError.damaged("table \(table) has used up its ids, which only a damaged file can have")
    }

    /// The id of a row that was just inserted.
    ///
    /// - Throws: `corrupt` when the parts of the run or segment could have no ids.
    static func inserted(_ connection: Connection, in table: StaticString) throws(SpanStoreError) -> Int64 {
        let id = connection.lastInsertedRow
        guard PartID.owners.contains(id) else { throw usedUp(table) }
        return id
    }
}
