import ProtoWire

/// Fields of a `Span`, with positions for texts and messages in the payload.
@usableFromInline
struct SpanFields: BitwiseCopyable {
    @usableFromInline var traceID = TraceID.invalid
    @usableFromInline var spanID = SpanID.invalid
    @usableFromInline var parentSpanID = SpanID.invalid
    @usableFromInline var startTimeUnixNano: UInt64 = 0
    @usableFromInline var endTimeUnixNano: UInt64 = 0
    @usableFromInline var traceState = TextRange()
    @usableFromInline var name = TextRange()
    @usableFromInline var attributes = RepeatedField()
    @usableFromInline var events = RepeatedField()
    @usableFromInline var links = RepeatedField()
    @usableFromInline var status = StatusFields()
    @usableFromInline var kind = SpanKind.unspecified
    @usableFromInline var droppedAttributesCount: UInt32 = 0
    @usableFromInline var droppedEventsCount: UInt32 = 0
    @usableFromInline var droppedLinksCount: UInt32 = 0
    @usableFromInline var flags: UInt32 = 0
    @usableFromInline var revision: UInt32 = 0
    @usableFromInline var irregularIDs = IrregularIDFields()
    @usableFromInline var hasUnknownFields = false

    @inlinable
    @inline(__always)
    init() {}

    /// Reads a span of the usual form: known fields in the order of their numbers, each once, ids of regular length,
    /// short strings, small numbers. Returns `false` when the span has another form or a fault; only a part is read
    /// then.
    @inlinable
    @inline(__always)
    mutating func readUsual(_ slice: MessageSlice) -> Bool {
        var attributeCount: Int? = nil
        return readUsual(slice, attributeCount: &attributeCount)
    }

    /// Reads a span of the usual form, as `readUsual(_:)` does, and counts its attributes.
    ///
    /// - Parameter attributeCount: the number of attributes is added to it unless it is `nil`.
    @inlinable
    @inline(__always)
    mutating func readUsual(_ slice: MessageSlice, attributeCount: inout Int?) -> Bool {
        let bytes = slice.bytes
        let end = slice.end
        var position = slice.start
        // Proof for the loads: each is behind a comparison of its end with `end`, which lies inside the payload.
        guard end &- position >= 28, bytes.pair(unchecked: position) == 0x100A,
            bytes.pair(unchecked: position &+ 18) == 0x0812
        else { return false }
        traceID = TraceID(
            high: bytes.word(unchecked: position &+ 2).byteSwapped,
            low: bytes.word(unchecked: position &+ 10).byteSwapped)
        spanID = SpanID(bytes.word(unchecked: position &+ 20).byteSwapped)
        guard traceID.isValid, spanID.isValid else { return false }
        position &+= 28
        if bytes.hasKey(0x1A, at: position, before: end) {
            guard bytes.takeText(&position, end, &traceState) else { return false }
        }
        if end &- position >= 10, bytes.pair(unchecked: position) == 0x0822 {
            parentSpanID = SpanID(bytes.word(unchecked: position &+ 2).byteSwapped)
            guard parentSpanID.isValid else { return false }
            position &+= 10
        }
        if bytes.hasKey(0x2A, at: position, before: end) {
            guard bytes.takeText(&position, end, &name) else { return false }
        }
        // Kind in one byte, start and end: what nearly all spans have, at once.
        guard end &- position >= 20, bytes.pair(unchecked: position) & 0x80FF == 0x30,
            bytes.byte(unchecked: position &+ 2) == 0x39, bytes.byte(unchecked: position &+ 11) == 0x41
        else { return false }
        kind = SpanKind(rawValue: Int32(bytes.byte(unchecked: position &+ 1)))
        startTimeUnixNano = bytes.word(unchecked: position &+ 3)
        endTimeUnixNano = bytes.word(unchecked: position &+ 12)
        position &+= 20
        guard attributes.takeRun(of: 0x4A, bytes, &position, end, count: &attributeCount) else { return false }
        if position < end, bytes.byte(unchecked: position) < 0x7A {
            guard readCountsEventsAndLinks(bytes, &position, end) else { return false }
        }
        if bytes.hasKey(0x7A, at: position, before: end) {
            guard status.takeUsual(bytes, &position, end, slice.context) else { return false }
        }
        if end &- position >= 6, bytes.pair(unchecked: position) == 0x0185 {
            flags = bytes.half(unchecked: position &+ 2)
            position &+= 6
        }
        return position == end
    }

    /// Reads the usual form of the fields between attributes and status.
    @inlinable
    @inline(__always)
    mutating func readCountsEventsAndLinks(_ bytes: PayloadBytes, _ position: inout Int, _ end: Int) -> Bool {
        bytes.takeCount(0x50, &position, end, &droppedAttributesCount)
            && events.takeRun(of: 0x5A, bytes, &position, end)
            && bytes.takeCount(0x60, &position, end, &droppedEventsCount)
            && links.takeRun(of: 0x6A, bytes, &position, end)
            && bytes.takeCount(0x70, &position, end, &droppedLinksCount)
    }

    /// Reads a span of any form.
    ///
    /// - Throws: a fault of the span's own fields.
    @usableFromInline
    init(other slice: MessageSlice) throws(WireError) {
        self.init()
        var cursor = FieldCursor(slice)
        while let key = try cursor.nextKey() {
            switch key.rawValue {
            case 0x0A: traceID = try cursor.traceID(&irregularIDs)
            case 0x12: spanID = try cursor.spanID(.spanID, &irregularIDs)
            case 0x1A: traceState = try cursor.text()
            case 0x22: parentSpanID = try cursor.spanID(.parentSpanID, &irregularIDs)
            case 0x2A: name = try cursor.text()
            case 0x30: kind = SpanKind(rawValue: Int32(truncatingIfNeeded: try cursor.varint()))
            case 0x39: startTimeUnixNano = try cursor.fixed64()
            case 0x41: endTimeUnixNano = try cursor.fixed64()
            case 0x4A: try attributes.readRun(of: 0x4A, &cursor)
            case 0x50: droppedAttributesCount = UInt32(truncatingIfNeeded: try cursor.varint())
            case 0x5A: try events.readRun(of: 0x5A, &cursor)
            case 0x60: droppedEventsCount = UInt32(truncatingIfNeeded: try cursor.varint())
            case 0x6A: try links.readRun(of: 0x6A, &cursor)
            case 0x70: droppedLinksCount = UInt32(truncatingIfNeeded: try cursor.varint())
            case 0x7A: try status.read(&cursor)
            case 0x85: flags = try cursor.fixed32()
            case 0x1F48: revision = UInt32(truncatingIfNeeded: try cursor.varint())
            default:
                try cursor.skip(key)
                hasUnknownFields = true
            }
        }
    }
}
