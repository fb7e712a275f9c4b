import ProtoWire

extension MessageSlice {
    /// Returns the message's own bytes, the first piece of a message in pieces; the caller ties the span to its
    /// lifetime.
    @inlinable
    @_lifetime(immortal)
    func content() -> RawSpan { bytes.span(start, end) }

    /// Returns the message in a field of this one, all of its pieces included, with the context of this one.
    func message(_ field: MessageField, key: UInt8) -> MessageSlice {
        MessageSlice(
            bytes, field.start, field.end, context,
            rest: field.isSplit ? MessageRest(key: key, end: end) : MessageRest())
    }

    /// Returns the range from the first to the last member of a repeated field.
    @inlinable
    @inline(__always)
    func part(_ field: RepeatedField) -> MessageSlice { MessageSlice(bytes, field.start, field.end, context) }
}

/// Position of a field's message, or of its first piece.
@usableFromInline
struct MessageField: BitwiseCopyable {
    @usableFromInline var start = -1
    @usableFromInline var end = -1
    @usableFromInline var isSplit = false

    @usableFromInline init() {}

    @inlinable
    var isPresent: Bool { start >= 0 }

    /// Notes the field whose key was read last, and steps over it.
    @inlinable
    mutating func read(_ cursor: inout FieldCursor) throws(WireError) {
        let content = try cursor.content()
        if start < 0 {
            start = content
            end = cursor.position
        } else {
            isSplit = true
        }
    }
}

/// Position of a repeated field: from the first member's key to the last member's end, other fields between them
/// included.
@usableFromInline
struct RepeatedField: BitwiseCopyable {
    @usableFromInline var low: UInt32 = 0
    @usableFromInline var high: UInt32 = 0

    @usableFromInline init() {}

    @inlinable
    var isEmpty: Bool { high == 0 }

    @inlinable
    @inline(__always)
    var start: Int { Int(low) }

    @inlinable
    @inline(__always)
    var end: Int { Int(high) }

    /// Notes the field whose key was read last, and steps over it.
    @inlinable
    @inline(__always)
    mutating func read(_ cursor: inout FieldCursor) throws(WireError) {
        if high == 0 { low = UInt32(truncatingIfNeeded: cursor.keyStart) }
        _ = try cursor.content()
        high = UInt32(truncatingIfNeeded: cursor.position)
    }

    /// Notes the field whose key was read last, and steps over it and its run: the members of the same key right behind
    /// it.
    @inlinable
    @inline(__always)
    mutating func readRun(of key: UInt8, _ cursor: inout FieldCursor) throws(WireError) {
        if high == 0 { low = UInt32(truncatingIfNeeded: cursor.keyStart) }
        try cursor.skipRun(of: key)
        high = UInt32(truncatingIfNeeded: cursor.position)
    }

    /// Steps over the members that stand here one behind the other, if any; `false` when a length has more than two
    /// bytes or is wrong.
    @inlinable
    @inline(__always)
    mutating func takeRun(of key: UInt8, _ bytes: PayloadBytes, _ position: inout Int, _ end: Int) -> Bool {
        var count: Int? = nil
        return takeRun(of: key, bytes, &position, end, count: &count)
    }

    /// Steps over the members that stand here, as `takeRun(of:_:_:_:)` does, and counts them.
    ///
    /// - Parameter count: the number of members is added to it unless it is `nil`.
    @inlinable
    @inline(__always)
    mutating func takeRun(
        of key: UInt8, _ bytes: PayloadBytes, _ position: inout Int, _ end: Int, count: inout Int?
    ) -> Bool {
        let start = position
        var taken = 0
        // Proof for the loads: where a key is read, two bytes are left before `end`, which lies inside the payload. A length
        // may lead past it; that ends the loop, and is seen behind it.
        while end &- position >= 2 {
            let pair = Int(bytes.pair(unchecked: position))
            guard UInt8(truncatingIfNeeded: pair) == key else { break }
            position &+= 2 &+ pair >> 8
            if pair >= 0x8000 {
                position &-= pair >> 8
                guard position < end else { return false }
                let upper = Int(bytes.byte(unchecked: position))
                guard upper < 0x80 else { return false }
                position &+= 1 &+ ((pair >> 8) & 0x7F | upper << 7)
            }
            if count != nil { taken &+= 1 }
        }
        guard position <= end else { return false }
        if let before = count { count = before &+ taken }
        if position != start {
            low = UInt32(truncatingIfNeeded: start)
            high = UInt32(truncatingIfNeeded: position)
        }
        return true
    }
}

extension PayloadBytes {
    /// Returns `true` when a field with this key, one byte on the wire, stands at `position`; `end` lies inside the
    /// payload.
    @inlinable
    @inline(__always)
    func hasKey(_ key: UInt8, at position: Int, before end: Int) -> Bool {
        position < end && byte(unchecked: position) == key
    }

    /// Reads a string of at most 127 bytes whose key stands at `position`, and moves past it; `false` when there is
    /// none or it is not UTF-8.
    @inlinable
    @inline(__always)
    func takeText(_ position: inout Int, _ end: Int, _ text: inout TextRange) -> Bool {
        // Proof for the loads: behind a comparison of what they load with `end`, which lies inside the payload.
        guard end &- position >= 2 else { return false }
        let start = position &+ 2
        let length = Int(byte(unchecked: position &+ 1))
        guard length < 0x80, length <= end &- start, isUTF8(unchecked: start, start &+ length) else { return false }
        text = TextRange(start, start &+ length)
        position = start &+ length
        return true
    }

    /// Reads a number of one byte under a key of one byte if that stands at `position`, and moves past it; `false` when
    /// the number has more bytes.
    @inlinable
    @inline(__always)
    func takeCount(_ key: UInt8, _ position: inout Int, _ end: Int, _ count: inout UInt32) -> Bool {
        guard hasKey(key, at: position, before: end) else { return true }
        // Proof for the load: behind a comparison of its end with `end`, which lies inside the payload.
        guard end &- position >= 2 else { return false }
        let value = byte(unchecked: position &+ 1)
        count = UInt32(value)
        position &+= 2
        return value < 0x80
    }
}
