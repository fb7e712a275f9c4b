import CSQLite
import SpanBlockStore
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
    func damaged(_ what: String) -> SpanStoreError { .damaged("row \(id) of table \(table): \(what)") }
}
