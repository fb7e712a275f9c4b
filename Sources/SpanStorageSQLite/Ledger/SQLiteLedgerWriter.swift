import SpanBlockStore
import SpanBlocks
import SpanStorage

/// The writing end of the ledger on one connection to a SQLite file.
final class SQLiteLedgerWriter: LedgerWriter {
    private let connection: Connection
    private let tables: RunTables
    private let deletedTraces: DeletedTraceTable
    private let presence: PresenceTable

    init(_ connection: Connection) throws(SpanStoreError) {
        self.connection = connection
        tables = try RunTables(connection)
        deletedTraces = try DeletedTraceTable(connection)
        presence = try PresenceTable(connection)
    }

    /// SQLite lets one connection write at a time, the others wait: no exchange is refused.
    func exchange<Result>(
        _ body: (any LedgerExchange) throws(SpanStoreError) -> Result
    ) throws(SpanStoreError) -> Result? {
        let exchange = SQLiteExchange(connection, tables, deletedTraces, presence)
        return try connection.transaction { () throws(SpanStoreError) in try body(exchange) }
    }

    func view() throws(SpanStoreError) -> any BlockLedger { try SQLiteLedger(connection) }

    func appendedRuns() throws(SpanStoreError) -> [Int] {
        let level = RunLevel.appended.rawValue
        let select = try connection.prepare(
            "SELECT count(*) FROM run WHERE level = \(level) GROUP BY partition, kind")
        var counts: [Int] = []
        while try select.step() { counts.append(Int(select.integer(0))) }
        return counts
    }

    func usedBytes() throws(SpanStoreError) -> UInt64 {
        let pages = try connection.integer("PRAGMA page_count") - connection.integer("PRAGMA freelist_count")
        return UInt64(max(pages, 0)) * UInt64(max(try connection.integer("PRAGMA page_size"), 0))
    }
}
