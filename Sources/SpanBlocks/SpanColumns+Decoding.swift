import ProtoWire
import SpanModel
import SpanStorage

extension SpanColumns {
    /// What of the columns is wanted besides rows: the rest is passed over.
    package struct Wanted: Sendable {
        /// Hashes of spans' ids.
        package var ids: Bool
        /// Parents and peers, and so ids.
        package var calls: Bool
        /// Attributes with these keys.
        package var attributes: Set<ExactText>
        /// Attributes with any key.
        package var allAttributes: Bool

        package init(
            ids: Bool = true, calls: Bool = false, attributes: Set<ExactText> = [], allAttributes: Bool = false
        ) {
            self.ids = ids || calls
            self.calls = calls
            self.attributes = attributes
            self.allAttributes = allAttributes
        }

        var hasAttributes: Bool { allAttributes || !attributes.isEmpty }
    }

    /// How columns are read: as deep as attributes may be.
    static let options = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))

    /// - Returns: `nil` for bytes that are no columns, or contradict themselves.
    package init?(decoding bytes: [UInt8], _ wanted: Wanted) {
        self.init()
        startPrecision = Self.storedPrecision
        guard let parts = try? ColumnParts(bytes, rows: true, wanted), (try? readRows(parts.rows.rawSpan)) == true,
            wanted.ids ? (try? readIDs(parts.ids.rawSpan)) == true : true,
            wanted.calls ? (try? readCalls(parts.calls.rawSpan)) == true : true
        else { return nil }
        for part in parts.attributes {
            guard let column = try? AttributeColumn(part.key, part.rows.rawSpan), column.rows.count == count else {
                return nil
            }
            attributes.append(column)
        }
    }

    /// - Returns: hashes of the ids alone, by row; `nil` as above.
    package static func ids(decoding bytes: [UInt8]) -> [UInt32]? {
        var columns = SpanColumns()
        guard let parts = try? ColumnParts(bytes, rows: false, Wanted()),
            (try? columns.readIDs(parts.ids.rawSpan, isAlone: true)) == true
        else { return nil }
        return columns.span
    }

    // Each gives `false` for what contradicts what was read before.

    private mutating func readRows(_ bytes: RawSpan) throws(WireError) -> Bool {
        typealias Field = Self.Field.Rows
        var reader = try WireReader(bytes, options: Self.options)
        var firstStart: UInt64 = 0
        var traceStarts: [UInt64] = []
        var rows = 0
        var isWhole = true
        while let key = try reader.nextKey() {
            guard key.wireType == .lengthDelimited else {
                if key.number == Field.firstStart, key.wireType == .varint {
                    firstStart = try reader.varint()
                } else {
                    try reader.skip(key)
                }
                continue
            }
            switch UInt8(truncatingIfNeeded: key.number) {
            case Field.blockTraces:
                blockTraces = PackedNumbers(try reader.rawBytes()).numbers.map { Int32(clamping: $0) }
            case Field.traces:
                // Rows that were read are of those before, and may name more than there are now.
                guard trace.isEmpty else { return false }
                traces = PackedNumbers.fixed(try reader.rawBytes())
            case Field.traceStarts: traceStarts = PackedNumbers(try reader.rawBytes()).numbers
            case Field.operations: rows += try readOperation(reader.rawBytes(), most: bytes.byteCount - rows)
            case Field.rowTraces: isWhole = readTraces(PackedNumbers(try reader.rawBytes())) && isWhole
            case Field.starts:
                isWhole = readStarts(PackedNumbers(try reader.rawBytes()), firstStart, traceStarts) && isWhole
            case Field.durations:
                var numbers = PackedNumbers(try reader.rawBytes())
                duration.reserveCapacity(operation.count)
                while let number = numbers.next() { duration.append(Int64(bitPattern: number)) }
            case Field.flags:
                var numbers = PackedNumbers(try reader.rawBytes())
                flags.reserveCapacity(operation.count)
                while let number = numbers.next() { flags.append(Flags(rawValue: UInt8(truncatingIfNeeded: number))) }
            default: try reader.skip(key)
            }
        }
        guard let blockStarts = Self.blockStarts(firstStart, traceStarts, blockTraces) else { return false }
        self.blockStarts = blockStarts
        return isWhole && blockTraces.reduce(0, { $0 + Int($1) }) == traces.count && rows == count
            && operation.count == count && trace.count == count && start.count == count && duration.count == count
    }

    private mutating func readOperation(_ bytes: RawSpan, most: Int) throws(WireError) -> Int {
        let (read, rows) = try Self.operation(bytes)
        // Each row has some bytes.
        guard rows <= most else { throw WireError(.truncated, "columns have fewer rows than they say", offset: 0) }
        operation.append(contentsOf: repeatElement(Int32(operations.count), count: rows))
        operations.append(read)
        return rows
    }

    /// An encoded operation, and how many rows it has.
    static func operation(_ bytes: RawSpan) throws(WireError) -> (SpanOperation, rows: Int) {
        var reader = try WireReader(bytes, options: Self.options)
        var (service, name, kind, rows) = ("", "", UInt64(0), UInt64(0))
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: service = Self.text(try reader.rawBytes())
            case 0x12: name = Self.text(try reader.rawBytes())
            case 0x18: kind = try reader.varint()
            case 0x20: rows = try reader.varint()
            default: try reader.skip(key)
            }
        }
        let operation = SpanOperation(
            service: ExactText(service), name: ExactText(name),
            kind: SpanKind(rawValue: Int32(truncatingIfNeeded: kind)))
        // No run has more: whatever says so is damaged, and is found to be by the count of rows.
        return (operation, Int(min(rows, 1 << 22)))
    }

    private mutating func readTraces(_ steps: PackedNumbers) -> Bool {
        var steps = steps
        var last: Int32 = 0
        trace.reserveCapacity(operation.count)
        while let step = steps.next() {
            let raw = UInt32(truncatingIfNeeded: step)
            last &+= Int32(bitPattern: raw >> 1) ^ -Int32(bitPattern: raw & 1)
            guard last >= 0, last < traces.count else { return false }
            trace.append(last)
        }
        return true
    }

    private mutating func readStarts(_ offsets: PackedNumbers, _ first: UInt64, _ traceStarts: [UInt64]) -> Bool {
        var offsets = offsets
        guard traceStarts.count == traces.count else { return false }
        start.reserveCapacity(trace.count)
        while let offset = offsets.next() {
            guard start.count < trace.count else { return false }
            start.append((first &+ traceStarts[Int(trace[start.count])] &+ offset) &* Self.storedPrecision)
        }
        return true
    }

    private mutating func readIDs(_ bytes: RawSpan, isAlone: Bool = false) throws(WireError) -> Bool {
        var reader = try WireReader(bytes, options: Self.options)
        while let key = try reader.nextKey() {
            if key.rawValue == UInt32(Field.IDs.spans << 3 | 2) {
                span = PackedNumbers.fixed(try reader.rawBytes())
            } else {
                try reader.skip(key)
            }
        }
        return isAlone || span.count == count
    }

    private mutating func readCalls(_ bytes: RawSpan) throws(WireError) -> Bool {
        typealias Field = Self.Field.Calls
        var reader = try WireReader(bytes, options: Self.options)
        var parents = PackedNumbers(RawSpan())
        var elsewhere: [UInt32] = []
        var peersByRow = PackedNumbers(RawSpan())
        while let key = try reader.nextKey() {
            guard key.wireType == .lengthDelimited else {
                try reader.skip(key)
                continue
            }
            switch UInt8(truncatingIfNeeded: key.number) {
            case Field.parents: parents = PackedNumbers(try reader.rawBytes())
            case Field.elsewhere: elsewhere = PackedNumbers.fixed(try reader.rawBytes())
            case Field.peers: try readPeer(reader.rawBytes())
            case Field.rowPeers: peersByRow = PackedNumbers(try reader.rawBytes())
            default: try reader.skip(key)
            }
        }
        peer.reserveCapacity(count)
        while let number = peersByRow.next() {
            guard number <= UInt64(peers.count) else { return false }
            peer.append(Int32(number) - 1)
        }
        return peer.count == count && readParents(parents, elsewhere)
    }

    private mutating func readPeer(_ bytes: RawSpan) throws(WireError) {
        var reader = try WireReader(bytes, options: Self.options)
        var (name, kind) = ("", UInt64(0))
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x08: kind = try reader.varint()
            case 0x12: name = Self.text(try reader.rawBytes())
            default: try reader.skip(key)
            }
        }
        let known = DependencyGraph.Node.Kind(rawValue: UInt8(truncatingIfNeeded: kind)) ?? .service
        peers.append(DependencyGraph.Node(known, ExactText(name)))
    }

    private mutating func readParents(_ places: PackedNumbers, _ elsewhere: [UInt32]) -> Bool {
        var places = places
        let (starts, rows) = rowsByTrace
        var next = 0
        parent.reserveCapacity(count)
        while let place = places.next() {
            guard parent.count < count else { return false }
            switch place {
            case 0: parent.append(0)
            case 1:
                guard next < elsewhere.count else { return false }
                parent.append(elsewhere[next])
                next += 1
            default:
                let trace = Int(trace[parent.count])
                guard place - 2 < UInt64(starts[trace + 1] - starts[trace]) else { return false }
                parent.append(span[Int(rows[Int(starts[trace]) + Int(place - 2)])])
            }
        }
        return parent.count == count
    }

    /// - Throws: where the key of an attribute is another one than that under the checksum.
    static func check(_ key: ExactText, is bytes: RawSpan) throws(WireError) {
        if key != ExactText(text(bytes)) {
            throw WireError(.truncated, "an attribute's column is another one's", offset: 0)
        }
    }

    fileprivate static func text(_ bytes: RawSpan) -> String {
        String(decoding: [UInt8](copying: bytes), as: UTF8.self)
    }
}

extension SpanColumns.AttributeColumn {
    fileprivate init(_ key: ExactText, _ bytes: RawSpan) throws(WireError) {
        self.init(key: key, values: [], rows: [])
        var reader = try WireReader(bytes, options: SpanColumns.options)
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case UInt32(SpanColumns.Field.Attribute.values << 3 | 2):
                values.append(try AttributeValue(decoding: reader.rawBytes(), options: SpanColumns.options))
            case UInt32(SpanColumns.Field.Attribute.rowValues << 3 | 2):
                var numbers = PackedNumbers(try reader.rawBytes())
                rows.reserveCapacity(numbers.count)
                while let number = numbers.next() { rows.append(UInt16(clamping: number)) }
            case UInt32(SpanColumns.Field.Attribute.checkedKey << 3 | 2):
                try SpanColumns.check(self.key, is: reader.rawBytes())
            default: try reader.skip(key)
            }
        }
    }
}

/// The parts of columns that are wanted, decompressed.
struct ColumnParts {
    private(set) var rows: [UInt8] = []
    private(set) var ids: [UInt8] = []
    private(set) var calls: [UInt8] = []
    private(set) var attributes: [(key: ExactText, rows: [UInt8])] = []

    /// - Throws: for a part that cannot be decompressed too.
    init(_ bytes: [UInt8], rows hasRows: Bool, _ wanted: SpanColumns.Wanted) throws(WireError) {
        let pooled = DecompressorPool.shared.take()
        defer { DecompressorPool.shared.giveBack(pooled) }
        var reader = try WireReader(bytes.rawSpan, options: SpanColumns.options)
        while let key = try reader.nextKey() {
            guard key.wireType == .lengthDelimited else {
                try reader.skip(key)
                continue
            }
            switch UInt8(truncatingIfNeeded: key.number) {
            case SpanColumns.Field.rows where hasRows:
                rows = try Self.decompressed(try reader.byteArray(), pooled.decompressor)
            case SpanColumns.Field.ids where wanted.ids:
                ids = try Self.decompressed(try reader.byteArray(), pooled.decompressor)
            case SpanColumns.Field.calls where wanted.calls:
                calls = try Self.decompressed(try reader.byteArray(), pooled.decompressor)
            case SpanColumns.Field.attributes where wanted.hasAttributes:
                try readAttribute(reader.rawBytes(), wanted, pooled.decompressor)
            default: try reader.skip(key)
            }
        }
    }

    private mutating func readAttribute(
        _ bytes: RawSpan, _ wanted: SpanColumns.Wanted, _ decompressor: borrowing BlockDecompressor
    ) throws(WireError) {
        var reader = try WireReader(bytes, options: SpanColumns.options)
        var name = ExactText("")
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case UInt32(SpanColumns.Field.Attribute.key << 3 | 2):
                name = ExactText(SpanColumns.text(try reader.rawBytes()))
                // The key comes first: what is not wanted is not looked at further.
                guard wanted.allAttributes || wanted.attributes.contains(name) else { return }
            case UInt32(SpanColumns.Field.Attribute.rows << 3 | 2):
                attributes.append((name, try Self.decompressed(try reader.byteArray(), decompressor)))
            default: try reader.skip(key)
            }
        }
    }

    private static func decompressed(
        _ frame: [UInt8], _ decompressor: borrowing BlockDecompressor
    ) throws(WireError) -> [UInt8] {
        // A slice of blocks has less before it is compressed.
        guard let bytes = decompressor.decompress(frame, maxBytes: 1 << 28) else {
            throw WireError(.truncated, "a part of columns cannot be decompressed", offset: 0)
        }
        return bytes
    }
}
