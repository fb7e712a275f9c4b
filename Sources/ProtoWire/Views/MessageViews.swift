/// View of one message: it knows the position of its fields and reads them when asked.
public protocol MessageView: ~Escapable, BitwiseCopyable {
    /// Walks the message's own fields once; messages inside are measured and left unread.
    ///
    /// - Parameter slice: position of the message, with the context of the message around.
    /// - Throws: `WireError` with code and byte offset; the path is empty (`FieldPath` finds it).
    @_lifetime(immortal)
    @_documentation(visibility: internal)
    init(_ slice: MessageSlice) throws(WireError)
}

/// Messages of one repeated field, read one by one in place.
///
/// ```swift
/// var spans = scope.spans
/// while let span = try spans.next() { … }
/// ```
public struct MessageViews<Element: MessageView & ~Escapable>: ~Escapable, BitwiseCopyable {
    // Six words: with more, the compiler keeps values like this in memory (see PayloadBytes).
    @usableFromInline let bytes: PayloadBytes
    @usableFromInline var low: UInt32
    @usableFromInline var high: UInt32
    @usableFromInline var restEnds: UInt64
    @usableFromInline let context: ViewContext
    /// Key of the field in the low 8 bits, `MessageRest.keys` above them.
    @usableFromInline var keys: UInt32

    /// Creates the views of a field's messages.
    ///
    /// - Parameters:
    ///   - slice: range from the first message's key, or earlier, to the last message's end, or later.
    ///   - key: key of the field, one byte on the wire.
    @inlinable
    @inline(__always)
    @_lifetime(immortal)
    package init(_ slice: MessageSlice, key: UInt8) {
        bytes = slice.bytes
        low = UInt32(truncatingIfNeeded: slice.start)
        high = UInt32(truncatingIfNeeded: slice.end)
        restEnds = slice.rest.ends
        context = slice.context
        keys = UInt32(key) | UInt32(slice.rest.keys) << 8
    }

    /// Returns the next message; `nil` behind the last one.
    ///
    /// - Throws: a fault of the message or of the bytes in front of it. After a fault in a message the next call goes
    ///   on with the next message; a fault between messages is thrown again.
    @inlinable
    @inline(__always)
    @_lifetime(copy self)
    public mutating func next() throws(WireError) -> Element? {
        let position = Int(low)
        let end = Int(high)
        var start = position &+ 2
        var stop = Int.max
        // Proof for the loads: each is behind a comparison of its end with `end`, which lies inside the payload.
        if end &- position >= 3 {
            let pair = bytes.pair(unchecked: position)
            let key = UInt16(truncatingIfNeeded: keys & 0xFF)
            if pair & 0x80FF == key {
                stop = start &+ Int(pair >> 8)
            } else if pair & 0xFF == key {
                let upper = Int(bytes.byte(unchecked: start))
                start &+= 1
                if upper < 0x80 { stop = start &+ (Int(pair >> 8) & 0x7F | upper << 7) }
            }
        }
        if stop > end {
            guard position < end || keys >= 0x100 else { return nil }
            // By value, so that the common way keeps all of this in registers.
            let found = try Self.find(
                UInt8(truncatingIfNeeded: keys),
                MessageSlice(
                    bytes, position, end, context,
                    rest: MessageRest(ends: restEnds, keys: UInt16(truncatingIfNeeded: keys >> 8))))
            high = found.end
            restEnds = found.rest.ends
            keys = keys & 0xFF | UInt32(found.rest.keys) << 8
            start = Int(found.start)
            stop = Int(found.stop)
            low = found.stop
            guard found.isFound else { return nil }
        }
        low = UInt32(truncatingIfNeeded: stop)
        let element = try Element(MessageSlice(bytes, start, stop, context))
        return unsafe _overrideLifetime(element, copying: self)
    }

    /// Key of the field; one byte on the wire.
    @inlinable
    @inline(__always)
    package var key: UInt8 { UInt8(truncatingIfNeeded: keys) }

    /// Rest of the current piece: messages, and other fields between them.
    @inlinable
    @inline(__always)
    package var unread: MessageSlice { MessageSlice(bytes, Int(low), Int(high), context) }

    /// Goes on at a position inside `unread`, behind messages that were read in another way.
    @inlinable
    @inline(__always)
    package mutating func advance(to position: Int) { low = UInt32(truncatingIfNeeded: position) }

    /// Finds the next message, over other fields and pieces.
    @usableFromInline
    static func find(_ key: UInt8, _ slice: MessageSlice) throws(WireError) -> FoundMessage {
        var cursor = FieldCursor(slice)
        while let found = try cursor.nextKey() {
            guard found.rawValue == UInt32(key) else {
                try cursor.skip(found)
                continue
            }
            let start = try cursor.content()
            return FoundMessage(
                start: UInt32(truncatingIfNeeded: start), stop: UInt32(truncatingIfNeeded: cursor.position),
                end: UInt32(truncatingIfNeeded: cursor.end), rest: cursor.rest, isFound: true)
        }
        let end = UInt32(truncatingIfNeeded: cursor.end)
        return FoundMessage(start: end, stop: end, end: end, rest: MessageRest(), isFound: false)
    }
}

/// Outcome of a search for a message among fields.
@usableFromInline
struct FoundMessage: BitwiseCopyable {
    @usableFromInline let start: UInt32
    @usableFromInline let stop: UInt32
    /// End of the piece in which the message stands.
    @usableFromInline let end: UInt32
    @usableFromInline let rest: MessageRest
    @usableFromInline let isFound: Bool
}

/// Texts of one repeated `string` field, read one by one in place.
public struct TextViews: ~Escapable, BitwiseCopyable {
    @usableFromInline var cursor: FieldCursor
    @usableFromInline let key: UInt32

    /// Creates the views of a field's texts; the key includes the wire type.
    @_lifetime(immortal)
    package init(_ slice: MessageSlice, key: UInt32) {
        cursor = FieldCursor(slice)
        self.key = key
    }

    /// Returns the next text; `nil` behind the last one.
    ///
    /// - Throws: a fault of the text or of the bytes in front of it.
    @_lifetime(copy self)
    public mutating func next() throws(WireError) -> TextView? {
        while let found = try cursor.nextKey() {
            if found.rawValue == key {
                // Proof: the text lies in the payload that this value depends on.
                let text = TextView(cursor.bytes, try cursor.text())
                return unsafe _overrideLifetime(text, copying: self)
            }
            try cursor.skip(found)
        }
        return nil
    }
}
