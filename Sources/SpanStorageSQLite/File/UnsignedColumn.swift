import CSQLite
import SpanBlockStore
import SpanStorage

// SQLite's integers are signed. A UInt64 below 2^63 is stored as an integer; one above, as a text of 20 decimal digits
// with leading zeros. SQLite orders every text after every integer, and texts of one length by their digits, so the
// order is that of the numbers. The columns have no declared type, which keeps SQLite from converting either.

extension Statement {
    func bind(_ index: Int, unsigned value: UInt64) {
        if let integer = Int64(exactly: value) {
            bind(index, integer)
        } else {
            let digits = String(value)
            bind(index, String(repeating: "0", count: 20 - digits.utf8.count) + digits)
        }
    }

    /// - Throws: `corrupt` when the column holds neither form.
    func unsigned(_ column: Int) throws(SpanStoreError) -> UInt64 {
        if let value = unsignedValue(column) { return value }
        throw .damaged("a number of the store is none")
    }

    /// - Returns: `nil` when the column holds neither form.
    func unsignedValue(_ column: Int) -> UInt64? {
        switch type(column) {
        case SQLITE_INTEGER: return UInt64(exactly: integer(column))
        case SQLITE_TEXT:
            let digits = bytes(column)
            guard digits.count == 20, digits.allSatisfy({ (0x30...0x39).contains($0) }),
                let value = UInt64(String(decoding: digits, as: UTF8.self)), value > UInt64(Int64.max)
            else { return nil }
            return value
        default: return nil
        }
    }
}
