import ProtoWire
import SpanMerge
import SpanModel
import SpanStorage

/// Makes columns of those attributes that have few values.
struct AttributeColumnsBuilder: ~Copyable {
    private struct Column {
        /// `SearchTerm.columnKey`.
        var key: UInt32
        /// By row: 0 for none, 1 for what is not told, else two more than the value's number.
        var rows: [UInt16]
        var values: [Value] = []
        /// It has too many values.
        var isGivenUp = false
    }

    private struct Value {
        var count: Int32 = 0
        /// One that has it.
        var entry: Int32
        var term: UInt64
    }

    private let expected: Int
    private var columns: [Column] = []
    /// Of `columns` by key.
    private var byKey: [UInt32: Int32] = [:]
    /// Of a column and its value, by term.
    private var byTerm = TermMap()
    private var unknown: [Int] = []
    private var row = 0

    private static let maxColumns = 256
    private static let maxValues = 1024
    /// Longer ones have no number.
    private static let maxValueBytes = 1024
    /// A value has a number of its own where so many rows have it: ids of all kinds would make columns as large as blocks.
    private static let leastRows = 4

    /// - Parameter rows: how many there will be.
    init(rows: Int) { expected = rows }

    /// A row of which nothing is told.
    mutating func addUnknown() {
        unknown.append(row)
        row += 1
    }

    mutating func add(_ entry: ReportEntry, number: Int32, of set: borrowing ReportSet) {
        let first = Int(entry.firstTerm)
        for index in first..<first + Int(entry.termCount) {
            let key = set.termKeys[index]
            // An element of an array, which has an entry of its own.
            if key == 0 { continue }
            let term = set.terms[index]
            if term != SearchTerm.none, let known = byTerm[term] {
                note(Int(known) >> 10, Int(known) & 1023)
            } else {
                addNew(key, term, number)
            }
        }
        row += 1
    }

    private mutating func note(_ column: Int, _ value: Int) {
        // A further attribute of the same key: which one counts is not told here.
        if columns[column].rows[row] != 0 {
            columns[column].rows[row] = 1
            return
        }
        columns[column].rows[row] = UInt16(value + 2)
        columns[column].values[value].count += 1
    }

    private mutating func addNew(_ key: UInt32, _ term: UInt64, _ number: Int32) {
        var column = Int(byKey[key] ?? -1)
        if column < 0 {
            if columns.count == Self.maxColumns { return }
            column = columns.count
            columns.append(Column(key: key, rows: [UInt16](repeating: 0, count: expected)))
            byKey[key] = Int32(column)
        }
        if columns[column].isGivenUp { return }
        if term == SearchTerm.none {
            columns[column].rows[row] = 1
            return
        }
        if columns[column].values.count == Self.maxValues {
            columns[column].isGivenUp = true
            return
        }
        let value = columns[column].values.count
        columns[column].values.append(Value(entry: number, term: term))
        byTerm.insert(term, Int32(column << 10 | value))
        note(column, value)
    }

    /// - Parameter set: of the entries that were added.
    consuming func finish(_ set: borrowing ReportSet) throws(WireError) -> [SpanColumns.AttributeColumn] {
        var finished: [SpanColumns.AttributeColumn] = []
        for column in columns where !column.isGivenUp {
            let frequent = column.values.indices.filter { column.values[$0].count >= Self.leastRows }
                .sorted { (-column.values[$0].count, $0) < (-column.values[$1].count, $1) }
            if frequent.isEmpty { continue }
            var numbers = [UInt16](repeating: SpanColumns.AttributeColumn.another, count: column.values.count + 2)
            numbers[0] = 0
            numbers[1] = SpanColumns.AttributeColumn.untold
            var key: String?
            var isOneKey = true
            var values: [AttributeValue] = []
            for index in frequent {
                let value = column.values[index]
                guard let found = try Self.attribute(set.entries[Int(value.entry)], value.term, set) else { continue }
                // Two keys can have the same hash.
                if let key, !found.key.hasSameBytes(as: key) { isOneKey = false }
                key = found.key
                if found.value.encoded().count > Self.maxValueBytes { continue }
                values.append(found.value)
                numbers[index + 2] = SpanColumns.AttributeColumn.first + UInt16(values.count - 1)
            }
            guard isOneKey, let key else { continue }
            var rows = column.rows[..<row].map { numbers[Int($0)] }
            for place in unknown { rows[place] = SpanColumns.AttributeColumn.untold }
            finished.append(SpanColumns.AttributeColumn(key: ExactText(key), values: values, rows: rows))
        }
        return finished
    }

    /// The attribute of a report that has a term.
    private static func attribute(
        _ entry: ReportEntry, _ term: UInt64, _ set: borrowing ReportSet
    ) throws(WireError) -> (key: String, value: AttributeValue)? {
        let payload = set.payloads[Int(entry.payload)]
        // Proof: the set has the bytes for as long as the views are here.
        let context = ViewContext(ReportSet.options)
        let slice = MessageSlice(
            PayloadBytes(payload.rawSpan), entry.place.lowerBound, entry.place.upperBound, context)
        var attributes = try SpanView(slice).attributes
        while let attribute = try attributes.next() {
            guard SearchTerm.term(of: attribute) == term else { continue }
            let record = try attribute.record()
            return record.value.map { (record.key, $0.plain) }
        }
        return nil
    }
}
