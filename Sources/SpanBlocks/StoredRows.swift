import ProtoWire
import SpanModel
import SpanStorage

/// Encoded columns of which but some rows are looked at: nothing is read of the others that need not be.
///
/// Places of rows rise in all lists. What cannot be read gives `nil`.
package struct StoredRows {
    package private(set) var operations: [SpanOperation] = []
    /// The rows of each operation.
    package private(set) var operationRows: [Range<Int32>] = []
    /// How many traces each block has.
    package private(set) var blockTraces: [Int32] = []
    /// How many rows there are.
    package private(set) var count: Int32 = 0

    private let parts: ColumnParts
    private let data: [UInt8]
    private var firstStart: UInt64 = 0
    // Of the part with the rows.
    private var traceStarts = 0..<0
    private var rowTraces = 0..<0
    private var starts = 0..<0
    private var durations = 0..<0
    private var flags = 0..<0

    /// - Parameter keys: of the attributes that are wanted.
    package init?(_ data: [UInt8], attributes keys: Set<ExactText>) {
        let wanted = SpanColumns.Wanted(ids: false, attributes: keys)
        guard let parts = try? ColumnParts(data, rows: true, wanted) else { return nil }
        self.parts = parts
        self.data = data
        guard (try? readRows()) != nil else { return nil }
    }

    /// Whether they can be those of some blocks.
    package func areOf(_ blocks: [BlockSummary]) -> Bool {
        let bytes = parts.rows.rawSpan
        let starts = SpanColumns.blockStarts(
            firstStart, PackedNumbers(bytes.extracting(traceStarts)).numbers, blockTraces)
        return starts.map { SpanColumns.areOf(blocks, rows: Int(count), starts: $0) } ?? false
    }

    /// The attributes that are wanted and have columns.
    package var attributes: [StoredAttribute] { parts.attributes.map { StoredAttribute(key: $0.key, part: $0.rows) } }

    /// By place.
    package func flags(_ rows: [Int32]) -> [SpanColumns.Flags]? {
        numbers(flags, rows)?.map { SpanColumns.Flags(rawValue: UInt8(truncatingIfNeeded: $0)) }
    }

    /// Nanoseconds, by place.
    package func durations(_ rows: [Int32]) -> [Int64]? { numbers(durations, rows)?.map { Int64(bitPattern: $0) } }

    /// The trace of each place, which `blockTraces` counts.
    package func traces(_ rows: [Int32]) -> [Int32]? {
        let bytes = parts.rows.rawSpan
        var steps = PackedNumbers(bytes.extracting(rowTraces))
        var (last, next): (Int32, Int32) = (0, 0)
        var traces: [Int32] = []
        for row in rows {
            while next <= row {
                guard let step = steps.next() else { return nil }
                let raw = UInt32(truncatingIfNeeded: step)
                last &+= Int32(bitPattern: raw >> 1) ^ -Int32(bitPattern: raw & 1)
                next += 1
            }
            guard last >= 0 else { return nil }
            traces.append(last)
        }
        return traces
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z, by place, as exactly as they are stored.
    ///
    /// - Parameter traces: of the rows.
    package func starts(_ rows: [Int32], traces: [Int32]) -> [UInt64]? {
        let bytes = parts.rows.rawSpan
        let traceStarts = PackedNumbers(bytes.extracting(traceStarts)).numbers
        guard let offsets = numbers(starts, rows), traces.count == rows.count else { return nil }
        var starts: [UInt64] = []
        for (trace, offset) in zip(traces, offsets) {
            guard Int(trace) < traceStarts.count else { return nil }
            starts.append((firstStart &+ traceStarts[Int(trace)] &+ offset) &* SpanColumns.storedPrecision)
        }
        return starts
    }

    /// Hashes of the spans' ids, by place.
    package func ids(_ rows: [Int32]) -> [UInt32]? {
        guard let ids = SpanColumns.ids(decoding: data), ids.count == count else { return nil }
        return rows.map { ids[Int($0)] }
    }

    private func numbers(_ range: Range<Int>, _ rows: [Int32]) -> [UInt64]? {
        let bytes = parts.rows.rawSpan
        let numbers = PackedNumbers(bytes.extracting(range)).numbers(at: rows)
        return numbers.count == rows.count ? numbers : nil
    }

    private mutating func readRows() throws(WireError) {
        typealias Field = SpanColumns.Field.Rows
        let part = parts.rows
        let bytes = part.rawSpan
        var reader = try WireReader(bytes, options: SpanColumns.options)
        while let key = try reader.nextKey() {
            guard key.wireType == .lengthDelimited else {
                if key.number == Field.firstStart, key.wireType == .varint {
                    firstStart = try reader.varint()
                } else {
                    try reader.skip(key)
                }
                continue
            }
            let content = try reader.rawBytes()
            let range = bytes.byteOffsets(of: content) ?? 0..<0
            switch UInt8(truncatingIfNeeded: key.number) {
            case Field.blockTraces: blockTraces = PackedNumbers(content).numbers.map { Int32(clamping: $0) }
            case Field.traceStarts: traceStarts = range
            case Field.operations:
                let (operation, rows) = try SpanColumns.operation(content)
                // Each row has some bytes.
                guard rows <= bytes.byteCount - Int(count) else {
                    throw WireError(.truncated, "columns have fewer rows than they say", offset: 0)
                }
                operations.append(operation)
                operationRows.append(count..<count + Int32(rows))
                count += Int32(rows)
            case Field.rowTraces: rowTraces = range
            case Field.starts: starts = range
            case Field.durations: durations = range
            case Field.flags: flags = range
            default: break
            }
        }
    }
}

/// An encoded column of an attribute.
package struct StoredAttribute {
    package let key: ExactText
    fileprivate let part: [UInt8]

    /// Rows that may be meant: of what is not told all are.
    ///
    /// - Parameters:
    ///   - text: all values that are meant, where it is one text.
    ///   - isMeant: whether a value is.
    ///   - isAlone: what is equal to a value that is meant is not another one.
    /// - Returns: of each row whether it may be meant; `nil` where the column cannot be read.
    package func rows(text: ExactText?, isAlone: Bool, _ isMeant: (AttributeValue) -> Bool) -> [Bool]? {
        do {
            return try meantRows(text.map { AttributeValue.string($0.string).encoded() }, isAlone, isMeant)
        } catch {
            return nil
        }
    }

    private func meantRows(
        _ text: [UInt8]?, _ isAlone: Bool, _ isMeant: (AttributeValue) -> Bool
    ) throws(WireError) -> [Bool] {
        var reader = try WireReader(part.rawSpan, options: SpanColumns.options)
        var verdicts = [false, true, true]
        var rows: [Bool] = []
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case UInt32(SpanColumns.Field.Attribute.values << 3 | 2):
                let value = try reader.rawBytes()
                // A text is as it is encoded, and is not decoded to be compared.
                if let text {
                    verdicts.append(value.isEqual(to: text.rawSpan))
                } else {
                    let decoded = try AttributeValue(decoding: value, options: SpanColumns.options)
                    verdicts.append(isMeant(decoded.plain))
                }
            case UInt32(SpanColumns.Field.Attribute.rowValues << 3 | 2):
                if isAlone, verdicts.dropFirst(3).contains(true) { verdicts[2] = false }
                var numbers = PackedNumbers(try reader.rawBytes())
                rows.reserveCapacity(numbers.count)
                while let number = numbers.next() {
                    rows.append(number < UInt64(verdicts.count) ? verdicts[Int(number)] : true)
                }
            case UInt32(SpanColumns.Field.Attribute.checkedKey << 3 | 2):
                try SpanColumns.check(self.key, is: reader.rawBytes())
            default: try reader.skip(key)
            }
        }
        return rows
    }
}

extension RawSpan {
    fileprivate func isEqual(to other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        let (left, right) = (PayloadBytes(self), PayloadBytes(other))
        // Proof for the loads: both have so many bytes.
        for offset in 0..<byteCount where left.byte(unchecked: offset) != right.byte(unchecked: offset) { return false }
        return true
    }
}
