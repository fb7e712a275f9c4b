import ProtoWire

/// Fields of an `AnyValue`, with positions for texts and lists in the payload.
@usableFromInline
struct ValueFields: BitwiseCopyable {
    @usableFromInline
    enum Kind: UInt8, BitwiseCopyable {
        case absent, empty, string, bool, int, double, array, keyValueList, bytes, stringIndex
    }

    @usableFromInline var kind = Kind.absent
    /// `true` when the `AnyValue` or its list has fields that the schema does not name.
    @usableFromInline var hasUnknownFields = false
    /// `true` when the value had a list that another member replaced.
    @usableFromInline var hasReplacedList = false
    /// Number of messages that may be open inside a list.
    @usableFromInline var depthLeft: UInt16 = 0
    /// Bits of a number or a Boolean; the range of a string or of bytes; the range of a list's first piece.
    @usableFromInline var bits: UInt64 = 0
    /// Positions of the further pieces of a list.
    @usableFromInline var rest = MessageRest()

    /// Creates fields without a value.
    @inlinable
    @inline(__always)
    init() {}

    /// Reads a value of any form, and leaves the lists in it unread.
    ///
    /// - Throws: a fault of the value's own fields, or in a list that another member replaces.
    @usableFromInline
    init(_ slice: MessageSlice) throws(WireError) {
        kind = .empty
        var hasOwnUnknown = false
        // Where further pieces of the list that is there could stand.
        var pieces = MessageRest()
        var cursor = FieldCursor(slice)
        while let key = try cursor.nextKey() {
            switch key.rawValue {
            case 0x0A:
                let text = try cursor.text()
                try set(text.isUTF8 ? .string : .bytes, cursor)
                bits = text.bits
            case 0x10: try setBits(.bool, try cursor.varint() == 0 ? 0 : 1, cursor)
            case 0x18: try setBits(.int, try cursor.varint(), cursor)
            case 0x21: try setBits(.double, try cursor.fixed64(), cursor)
            case 0x2A: try readList(.array, 0x2A, &cursor, &pieces)
            case 0x32: try readList(.keyValueList, 0x32, &cursor, &pieces)
            case 0x3A:
                let start = try cursor.content()
                try set(.bytes, cursor)
                bits = TextRange(start, cursor.position).bits
            case 0x40: try setBits(.stringIndex, try cursor.varint(), cursor)
            default:
                try cursor.skip(key)
                hasOwnUnknown = true
            }
        }
        if hasOwnUnknown { hasUnknownFields = true }
    }

    private mutating func setBits(_ kind: Kind, _ bits: UInt64, _ cursor: FieldCursor) throws(WireError) {
        try set(kind, cursor)
        self.bits = bits
    }

    /// Replaces the member of the oneof by another one.
    private mutating func set(_ kind: Kind, _ cursor: FieldCursor) throws(WireError) {
        if self.kind == .array || self.kind == .keyValueList {
            hasReplacedList = true
            try checkList(cursor.bytes, cursor.context, upTo: cursor.keyStart)
        }
        self.kind = kind
        hasUnknownFields = false
        rest = MessageRest()
    }

    /// Notes a list, or a further piece of the list that is there.
    private mutating func readList(
        _ kind: Kind, _ key: UInt8, _ cursor: inout FieldCursor, _ pieces: inout MessageRest
    ) throws(WireError) {
        let start = try cursor.content()
        let inner = try cursor.context.entered(at: cursor.keyStart)
        if self.kind == kind {
            // Only now, so that nobody searches for a second piece where there is none.
            rest = pieces
        } else {
            try set(kind, cursor)
            depthLeft = inner.depthLeft
            bits = TextRange(start, cursor.position).bits
            pieces = MessageRest(key: key, end: cursor.end, outer: cursor.rest)
        }
        var members = FieldCursor(MessageSlice(cursor.bytes, start, cursor.position, inner))
        while let member = try members.nextKey() {
            if member.rawValue == 0x0A {
                _ = try members.content()
            } else {
                try members.skip(member)
                hasUnknownFields = true
            }
        }
    }

    /// Validates the content of the list, if there is one: a list that no view will reach has to be valid all the same.
    /// Nothing is allocated. Each value in it is read here once and by no view later, so the whole stays linear.
    ///
    /// - Parameters:
    ///   - context: context of the value.
    ///   - last: offset of the last piece of the list, or behind it.
    private func checkList(_ bytes: PayloadBytes, _ context: ViewContext, upTo last: Int) throws(WireError) {
        guard kind == .array || kind == .keyValueList else { return }
        let form = form(context, attributeHasUnknownFields: false)
        var pieces = FieldCursor(Self.list(bytes, bits: bits, restEnds: rest.ends, form: form))
        repeat {
            var piece = FieldCursor(MessageSlice(bytes, pieces.position, pieces.end, pieces.context))
            while let key = try piece.nextKey() {
                guard key.rawValue == 0x0A else {
                    try piece.skip(key)
                    continue
                }
                let start = try piece.content()
                try checkElement(MessageSlice(bytes, start, piece.position, pieces.context))
            }
        } while try pieces.nextPiece() && pieces.position <= last
    }

    /// Validates an element of the list.
    private func checkElement(_ slice: MessageSlice) throws(WireError) {
        if kind == .array {
            let inner = try slice.entered()
            try ValueFields(inner).checkList(slice.bytes, inner.context, upTo: .max)
        } else if AttributeFields(usual: slice).value.kind == .absent {
            try AttributeFields(other: slice).value.checkList(slice.bytes, slice.context, upTo: .max)
        }
    }
}

// What a view keeps of it: `bits`, the ends of `rest`, and all else in one word.
extension ValueFields {
    /// Bit of a form: the value, or its list, has unknown fields.
    @inlinable static var unknownBit: UInt64 { 1 << 8 }
    /// Bit of a form: the attribute around the value has unknown fields.
    @inlinable static var attributeUnknownBit: UInt64 { 1 << 9 }

    /// Bit of a form: the value had a list that another member of the oneof replaced.
    @inlinable static var replacedListBit: UInt64 { 1 << 10 }

    /// Returns the kind (8 bits), the three flags (8), the keys of `rest` (16), and the context of a list's elements
    /// (32).
    ///
    /// - Parameter context: context of the value or of the message around it.
    @inlinable
    @inline(__always)
    func form(_ context: ViewContext, attributeHasUnknownFields: Bool) -> UInt64 {
        UInt64(kind.rawValue) | (hasUnknownFields ? Self.unknownBit : 0)
            | (attributeHasUnknownFields ? Self.attributeUnknownBit : 0)
            | (hasReplacedList ? Self.replacedListBit : 0) | UInt64(rest.keys) << 16
            | UInt64(context.bits & 0xFFFF_0000 | UInt32(depthLeft)) << 32
    }

    @inlinable
    @inline(__always)
    static func kind(_ form: UInt64) -> Kind {
        switch UInt8(truncatingIfNeeded: form) {
        case Kind.empty.rawValue: .empty
        case Kind.string.rawValue: .string
        case Kind.bool.rawValue: .bool
        case Kind.int.rawValue: .int
        case Kind.double.rawValue: .double
        case Kind.array.rawValue: .array
        case Kind.keyValueList.rawValue: .keyValueList
        case Kind.bytes.rawValue: .bytes
        case Kind.stringIndex.rawValue: .stringIndex
        default: .absent
        }
    }

    /// Returns `true` when the list stands in several pieces.
    @inlinable
    @inline(__always)
    static func isInPieces(_ form: UInt64) -> Bool { form & 0xFFFF_0000 != 0 }

    /// Returns the pieces of a list.
    @inlinable
    static func list(_ bytes: PayloadBytes, bits: UInt64, restEnds: UInt64, form: UInt64) -> MessageSlice {
        let range = TextRange(bits: bits)
        return MessageSlice(
            bytes, range.start, range.end, ViewContext(bits: UInt32(truncatingIfNeeded: form >> 32)),
            rest: MessageRest(ends: restEnds, keys: UInt16(truncatingIfNeeded: form >> 16)))
    }
}
