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
        if isText(column) {
            if let value = UInt64(text(column)) { return value }
        } else if let value = UInt64(exactly: integer(column)) {
            return value
        }
        throw SpanStoreError(.corrupt, "a number in the store is none")
    }
}
