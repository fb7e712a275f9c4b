import CSQLite
import SpanBlocks
import SpanStorage

/// The current row of a statement, as a row of one of the store's tables: what it has is looked at before it is believed. A
/// file can be damaged, and SQLite lets every column hold a value of any type.
///
/// Errors are `corrupt` and name the table, the row and the column, never a value.
struct StoredRow {
    private let statement: Statement
    private let table: StaticString
    private let id: Int64

    /// - Parameter id: of the row, for errors.
    init(_ statement: Statement, of table: StaticString, id: Int64) {
        self.statement = statement
        self.table = table
        self.id = id
    }

    /// - Parameter column: of the statement.
    func integer(
        _ column: Int, _ name: StaticString, in range: ClosedRange<Int64> = Int64.min...Int64.max
    ) throws(SpanStoreError) -> Int64 {
        guard statement.type(column) == SQLITE_INTEGER else { throw damaged("\(name) is no integer") }
        let value = statement.integer(column)
        guard range.contains(value) else { throw damaged("\(name) is out of range") }
        return value
    }

    /// A number of things.
    func count(_ column: Int, _ name: StaticString, in range: ClosedRange<Int>) throws(SpanStoreError) -> Int {
        Int(try integer(column, name, in: Int64(range.lowerBound)...Int64(range.upperBound)))
    }

    /// A number that is stored as `UnsignedColumn.swift` says.
    func unsigned(_ column: Int, _ name: StaticString) throws(SpanStoreError) -> UInt64 {
        guard let value = statement.unsignedValue(column) else { throw damaged("\(name) is no unsigned number") }
        return value
    }

    func blob(_ column: Int, _ name: StaticString) throws(SpanStoreError) -> [UInt8] {
        guard statement.type(column) == SQLITE_BLOB else { throw damaged("\(name) is no blob") }
        return statement.bytes(column)
    }

    func text(_ column: Int, _ name: StaticString) throws(SpanStoreError) -> String {
        guard statement.type(column) == SQLITE_TEXT, let text = statement.validText(column) else {
            throw damaged("\(name) is no text")
        }
        return text
    }

    /// - Parameter what: what is wrong with the row; names columns, never what is in them.
    func damaged(_ what: String) -> SpanStoreError { Self.damaged("row \(id) of table \(table): \(what)") }

    /// What a store that contradicts itself is answered with.
    static func damaged(_ what: String) -> SpanStoreError {
        SpanStoreError(.corrupt, "\(what); restore a copy, or see what spanwire store check says")
    }
}

/// Ids of runs, of segments and of their parts: `run << 16 | number`.
enum PartID {
    /// Of runs and segments: their parts have ids too, and so would those of the next one.
    static let owners: ClosedRange<Int64> = 1...(1 << 47) - 2
    /// How many parts of one kind a run or a segment can have.
    static let maxParts = 1 << 16

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
        StoredRow.damaged("table \(table) has used up its ids, which only a damaged file can have")
    }

    /// The id of a row that was just inserted.
    ///
    /// - Throws: `corrupt` when the parts of the run or segment could have no ids.
    static func inserted(_ connection: Connection, in table: StaticString) throws(SpanStoreError) -> Int64 {
        let id = connection.lastInsertedRow
        guard owners.contains(id) else { throw usedUp(table) }
        return id
    }
}
