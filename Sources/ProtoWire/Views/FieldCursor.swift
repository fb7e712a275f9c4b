/// Cursor over the fields of one message in place, whether it is in one piece or in several: what views read with.
///
/// Short forms (a key and a length of one byte each) are read here. Everything else is left to a `WireReader` at the
/// same position, so that both accept and refuse the same bytes.
@_documentation(visibility: internal)
public struct FieldCursor: BitwiseCopyable {
    /// Payload that the message stands in.
    @usableFromInline package let bytes: PayloadBytes
    /// Offset of the next byte to read.
    @usableFromInline package var position: Int
    /// Offset at which the current piece ends.
    @usableFromInline package var end: Int
    /// Offset of the key that was read last.
    @usableFromInline package var keyStart: Int
    /// Position of further pieces of the message.
    @usableFromInline package var rest: MessageRest
    /// Depth and policy that apply inside the message.
    @usableFromInline package let context: ViewContext

    /// Creates a cursor at the start of a message.
    @inlinable
    @inline(__always)
    public init(_ slice: MessageSlice) {
        bytes = slice.bytes
        position = slice.start
        end = slice.end
        keyStart = slice.start
        rest = slice.rest
        context = slice.context
    }

    // MARK: Fields

    /// Reads the next field's key; `nil` at the end of the message.
    ///
    /// - Throws: `truncated`, `varintTooLong`, `invalidKey`.
    @inlinable
    @inline(__always)
    public mutating func nextKey() throws(WireError) -> FieldKey? {
        // Proof for the loads: each byte lies before `end`, which lies inside the payload.
        guard position < end else { return rest.isEmpty ? nil : try slowKey() }
        let first = UInt32(bytes.byte(unchecked: position))
        if first < 0x80 && first >= 8 {
            keyStart = position
            position &+= 1
            return FieldKey(rawValue: first)
        }
        if first >= 0x80 && position &+ 1 < end {
            let second = UInt32(bytes.byte(unchecked: position &+ 1))
            if second < 0x80 && second > 0 {
                keyStart = position
                position &+= 2
                return FieldKey(rawValue: first & 0x7F | second << 7)
            }
        }
        return try slowKey()
    }

    @usableFromInline
    mutating func slowKey() throws(WireError) -> FieldKey? {
        while position >= end {
            guard try nextPiece() else { return nil }
        }
        var reader = try reader()
        let key = try reader.nextKey()
        keyStart = position
        position = reader.offset
        return key
    }

    /// Reads a varint of at most ten bytes; bits above the 64th are dropped.
    ///
    /// - Throws: `truncated`, `varintTooLong`.
    @inlinable
    @inline(__always)
    public mutating func varint() throws(WireError) -> UInt64 {
        if position < end {
            let first = bytes.byte(unchecked: position)
            if first < 0x80 {
                position &+= 1
                return UInt64(first)
            }
        }
        return try slowVarint()
    }

    @usableFromInline
    mutating func slowVarint() throws(WireError) -> UInt64 {
        var reader = try reader()
        let value = try reader.varint()
        position = reader.offset
        return value
    }

    /// Reads eight bytes, little-endian.
    ///
    /// - Throws: `truncated`.
    @inlinable
    @inline(__always)
    public mutating func fixed64() throws(WireError) -> UInt64 {
        guard end &- position >= 8 else { throw truncatedValue() }
        let value = bytes.word(unchecked: position)
        position &+= 8
        return value
    }

    /// Reads four bytes, little-endian.
    ///
    /// - Throws: `truncated`.
    @inlinable
    @inline(__always)
    public mutating func fixed32() throws(WireError) -> UInt32 {
        guard end &- position >= 4 else { throw truncatedValue() }
        let value = bytes.half(unchecked: position)
        position &+= 4
        return value
    }

    /// Returns the error that a reader throws for a value of fixed width that is cut off.
    @usableFromInline
    func truncatedValue() -> WireError {
        do {
            var reader = try reader()
            if end - position < 4 { _ = try reader.fixed32() } else { _ = try reader.fixed64() }
            return WireError(.truncated, "the bytes end inside a value", offset: position)
        } catch { return error }
    }

    /// Reads the length in front of a string, bytes or message, which lies within the current piece, and moves past its
    /// content.
    ///
    /// - Returns: the offset of the content; it ends at `position`.
    /// - Throws: `truncated`, `varintTooLong`, `invalidLength`.
    @inlinable
    @inline(__always)
    package mutating func content() throws(WireError) -> Int {
        // Proof for the load: two bytes are left. One-byte lengths at the very end take the slow way.
        if end &- position >= 2 {
            let pair = Int(bytes.pair(unchecked: position))
            var length = pair & 0xFF
            var start = position &+ 1
            if length >= 0x80 {
                // A length of three bytes and more becomes one that no message holds.
                length = pair < 0x8000 ? length & 0x7F | (pair >> 8) << 7 : Int.max
                start &+= 1
            }
            if length <= end &- start {
                position = start &+ length
                return start
            }
        }
        return try slowContent()
    }

    /// Steps over the field whose key was read last and over the fields of the same key right behind it.
    ///
    /// - Parameter key: key of the fields, one byte on the wire.
    /// - Throws: `truncated`, `varintTooLong`, `invalidLength`.
    @inlinable
    @inline(__always)
    package mutating func skipRun(of key: UInt8) throws(WireError) {
        repeat {
            _ = try content()
            // Proof for the load: position < end.
            guard position < end, bytes.byte(unchecked: position) == key else { return }
            position &+= 1
        } while true
    }

    @usableFromInline
    mutating func slowContent() throws(WireError) -> Int {
        var reader = try reader()
        let length = try reader.length()
        position = reader.offset + length
        return reader.offset
    }

    /// Reads a string field.
    ///
    /// - Returns: the range of the text.
    /// - Throws: `invalidUTF8` unless invalid strings are repaired; `truncated`, `varintTooLong`, `invalidLength`.
    @inlinable
    @inline(__always)
    public mutating func text() throws(WireError) -> TextRange {
        let start = try content()
        if bytes.isUTF8(unchecked: start, position) { return TextRange(start, position) }
        return try invalidText(start, position)
    }

    @usableFromInline
    func invalidText(_ start: Int, _ end: Int) throws(WireError) -> TextRange {
        guard context.repairs else {
            throw WireError.invalidUTF8(bytes.span(start, end), at: start)
        }
        return TextRange(start, end, isUTF8: false)
    }

    /// Skips the value that belongs to `key`.
    ///
    /// - Parameter key: key that `nextKey()` returned last.
    /// - Throws: the errors of `WireReader.skip(_:)`.
    public mutating func skip(_ key: FieldKey) throws(WireError) {
        var reader = try reader()
        try reader.skip(key)
        position = reader.offset
    }

    /// Returns a reader of the rest of the current piece.
    ///
    /// - Throws: `payloadTooLarge`, which cannot happen for a payload that views were made of.
    @_lifetime(immortal)
    package func reader() throws(WireError) -> WireReader {
        try WireReader(bytes.span(0, end), at: position, keyStart: keyStart, context: context)
    }

    // MARK: Pieces

    /// Moves to the next piece of the message; `false` when there is none.
    @inlinable
    @inline(__always)
    package mutating func nextPiece() throws(WireError) -> Bool {
        rest.isEmpty ? false : try findPiece()
    }

    @usableFromInline
    mutating func findPiece() throws(WireError) -> Bool {
        while true {
            // Behind the current piece, in the message around it.
            if try find(rest.key, from: end, to: rest.end) { return true }
            guard rest.outerKey != 0, try find(rest.outerKey, from: rest.end, to: rest.outerEnd) else {
                rest = MessageRest()
                return false
            }
            // What was found is a piece of the message around: its own fields are searched next.
            rest = MessageRest(
                key: rest.key, end: end, outer: MessageRest(key: rest.outerKey, end: rest.outerEnd))
            end = position
        }
    }

    /// Makes the content of the next field of that key the current piece; `false` when there is none.
    ///
    /// The messages around were walked when it was found that there are pieces, so their depth is not counted again.
    private mutating func find(_ wanted: UInt8, from start: Int, to stop: Int) throws(WireError) -> Bool {
        var reader = try WireReader(bytes.span(0, stop), at: start, keyStart: start, context: context.unbounded)
        while let key = try reader.nextKey() {
            guard key.rawValue == UInt32(wanted) else {
                try reader.skip(key)
                continue
            }
            let length = try reader.length()
            position = reader.offset
            end = position + length
            return true
        }
        return false
    }
}
