/// Walks the fields of one message in place, whether it is in one piece or in several: what views read with.
///
/// The short forms (a key and a length of one byte each) are read here; all else is left to a `WireReader` set to the same
/// place, so that both accept and refuse the same bytes.
public struct FieldCursor: BitwiseCopyable {
    @usableFromInline package let bytes: PayloadBytes
    @usableFromInline package var position: Int
    /// The end of the current piece.
    @usableFromInline package var end: Int
    @usableFromInline package var keyStart: Int
    @usableFromInline package var rest: MessageRest
    @usableFromInline package let context: ViewContext

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

    /// The next field's key, `nil` at the end of the message.
    ///
    /// - Throws: `truncated`, `varint_too_long`, `invalid_key`.
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

    /// A varint of at most ten bytes; bits above the 64th are dropped.
    ///
    /// - Throws: `truncated`, `varint_too_long`.
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

    /// Eight bytes, little-endian.
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

    /// Four bytes, little-endian.
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

    /// What a reader says of a value of fixed width that is cut off.
    @usableFromInline
    func truncatedValue() -> WireError {
        do {
            var reader = try reader()
            if end - position < 4 { _ = try reader.fixed32() } else { _ = try reader.fixed64() }
            return WireError(.truncated, "the bytes end inside a value", offset: position)
        } catch { return error }
    }

    /// Reads the length in front of a string, bytes or message, which lies within the current piece, and goes past what it
    /// measures.
    ///
    /// - Returns: where the content starts; it ends at `position`.
    /// - Throws: `truncated`, `varint_too_long`, `invalid_length`.
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

    /// Steps over the field whose key was read last and over those of the same key right behind it.
    ///
    /// - Parameter key: one byte on the wire.
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

    /// A string field.
    ///
    /// - Throws: `invalid_utf8` unless invalid strings are repaired, and what lengths throw.
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
    /// - Parameter key: what `nextKey()` returned last.
    public mutating func skip(_ key: FieldKey) throws(WireError) {
        var reader = try reader()
        try reader.skip(key)
        position = reader.offset
    }

    /// A reader of what is left of the current piece.
    @_lifetime(immortal)
    package func reader() throws(WireError) -> WireReader {
        try WireReader(bytes.span(0, end), at: position, keyStart: keyStart, context: context)
    }

    // MARK: Pieces

    /// Goes on with the next piece of the message; `false` when there is none.
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

    /// Makes the next field of that key the current piece; `false` when there is none.
    ///
    /// The messages around have been walked by whoever found that there are pieces, so their depth is not counted again.
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
