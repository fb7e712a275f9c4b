import ProtoWire

/// Fields of a `KeyValue`, with positions for texts and lists in the payload.
@usableFromInline
struct AttributeFields: BitwiseCopyable {
    @usableFromInline var key = TextRange()
    @usableFromInline var value = ValueFields()
    @usableFromInline var hasUnknownFields = false

    @inlinable
    @inline(__always)
    init() {}

    /// Reads an attribute of the usual form: an ASCII key, then a value in which one member is set, all lengths of one
    /// byte. `value.kind` stays `.absent` when the attribute has another form or a fault.
    @inlinable
    @inline(__always)
    init(usual slice: MessageSlice) {
        let bytes = slice.bytes
        let start = slice.start
        let end = slice.end
        // Proof for the loads: each is behind a comparison of its end with `end`.
        let least = slice.context.depthLeft > 1 ? 6 : Int.max
        guard end &- start >= least else { return }
        let keyPair = bytes.pair(unchecked: start)
        let keyStart = start &+ 2
        let keyEnd = keyStart &+ Int(keyPair >> 8)
        guard keyPair & 0x80FF == 0x0A, end &- keyEnd >= 4 else { return }
        // Key and length of the value, then of the member in it.
        let head = bytes.half(unchecked: keyEnd)
        let valueStart = keyEnd &+ 2
        let textStart = keyEnd &+ 4
        if head & 0x80FF_80FF == 0x000A_0012 {
            let textCount = Int(head >> 24)
            // Keys and lengths of one byte are ASCII too, so one look over the whole attribute serves key and value.
            guard textStart &+ textCount == end, Int(head >> 8 & 0x7F) == textCount &+ 2,
                bytes.isASCII(unchecked: start, end)
            else { return }
            value.kind = .string
            value.bits = TextRange(textStart, end).bits
            key = TextRange(keyStart, keyEnd)
            return
        }
        guard head & 0x80FF == 0x12, valueStart &+ Int(head >> 8 & 0x7F) == end else { return }
        let member = UInt16(truncatingIfNeeded: head >> 16)
        guard bytes.isASCII(unchecked: keyStart, keyEnd) else { return }
        key = TextRange(keyStart, keyEnd)
        if UInt8(truncatingIfNeeded: member) == 0x18 {
            guard let number = bytes.soleVarint(unchecked: valueStart &+ 1, end) else { return }
            value.kind = .int
            value.bits = number
        } else if UInt8(truncatingIfNeeded: member) == 0x10 {
            guard member < 0x8000, textStart == end else { return }
            value.kind = .bool
            value.bits = member >= 0x100 ? 1 : 0
        } else if UInt8(truncatingIfNeeded: member) == 0x21 {
            guard end &- valueStart == 9 else { return }
            value.kind = .double
            value.bits = bytes.word(unchecked: valueStart &+ 1)
        }
    }

    /// Reads an attribute of another form than the usual one.
    ///
    /// - Throws: a fault of its own fields or of its value's.
    @usableFromInline
    init(other slice: MessageSlice) throws(WireError) {
        self.init()
        let slice = try slice.entered()
        readKeyAndValue(slice)
        if value.kind == .absent {
            self = AttributeFields()
            try readFields(slice)
        }
    }

    /// Reads key, then value, with lengths of up to two bytes, a text with other characters than ASCII, or a list in
    /// one piece. `value.kind` stays `.absent` when the attribute has another form or a fault.
    private mutating func readKeyAndValue(_ slice: MessageSlice) {
        let bytes = slice.bytes
        var cursor = FieldCursor(slice)
        guard slice.context.depthLeft > 1, let keyRange = cursor.soleText(under: 0x0A),
            let valueStart = cursor.content(under: 0x12), cursor.position == slice.end, valueStart < slice.end
        else { return }
        let member = bytes.byte(unchecked: valueStart)
        cursor.position = valueStart
        switch member {
        case 0x0A:
            guard let text = cursor.soleText(under: 0x0A), cursor.position == slice.end else { return }
            value.bits = text.bits
            value.kind = .string
        case 0x2A, 0x32:
            guard let start = cursor.content(under: member), cursor.position == slice.end else { return }
            cursor.position = start
            while cursor.position < slice.end {
                guard cursor.content(under: 0x0A) != nil else { return }
            }
            value.bits = TextRange(start, slice.end).bits
            value.depthLeft = slice.context.depthLeft &- 2
            value.kind = member == 0x2A ? .array : .keyValueList
        default: return
        }
        key = keyRange
    }

    /// Reads an attribute of any form.
    ///
    /// - Throws: a fault of its own fields or of its value's.
    private mutating func readFields(_ slice: MessageSlice) throws(WireError) {
        var cursor = FieldCursor(slice)
        var valueField = MessageField()
        while let found = try cursor.nextKey() {
            switch found.rawValue {
            case 0x0A: key = try cursor.text()
            case 0x12: try valueField.read(&cursor)
            default:
                try cursor.skip(found)
                hasUnknownFields = true
            }
        }
        if valueField.isPresent { value = try ValueFields(slice.message(valueField, key: 0x12).entered()) }
    }
}

extension FieldCursor {
    /// Moves past the field at the cursor when it has this key and a length of at most two bytes, and returns the
    /// offset of its content; otherwise returns `nil`.
    @inline(__always)
    mutating func content(under key: UInt8) -> Int? {
        // Proof for the loads: each is behind a comparison of its end with `end`.
        guard end &- position >= 2, bytes.byte(unchecked: position) == key else { return nil }
        var start = position &+ 2
        var length = Int(bytes.byte(unchecked: position &+ 1))
        if length >= 0x80 {
            guard start < end else { return nil }
            let upper = Int(bytes.byte(unchecked: start))
            guard upper < 0x80 else { return nil }
            length = length & 0x7F | upper << 7
            start &+= 1
        }
        guard length <= end &- start else { return nil }
        position = start &+ length
        return start
    }

    /// Moves past the field at the cursor when it has this key and its content is UTF-8, and returns the range of its
    /// content; otherwise returns `nil`.
    @inline(__always)
    mutating func soleText(under key: UInt8) -> TextRange? {
        guard let start = content(under: key), bytes.isUTF8(unchecked: start, position) else { return nil }
        return TextRange(start, position)
    }
}
