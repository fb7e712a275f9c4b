/// Where the fields of one message stand in a payload: nearly always in one piece.
///
/// Protobuf lets a sub-message come in several fields, which together are one message. Such a message has its first piece
/// here and in `rest` where further ones may follow; a cursor walks from piece to piece, so nothing is ever joined in
/// memory.
///
/// It keeps the payload's bytes no more alive than `PayloadBytes` does: only views are given to users.
public struct MessageSlice: BitwiseCopyable {
    /// The whole payload, at most 2^31 - 1 bytes.
    @usableFromInline package let bytes: PayloadBytes
    @usableFromInline let low: UInt32
    @usableFromInline let high: UInt32
    @usableFromInline package let rest: MessageRest
    @usableFromInline package let context: ViewContext

    /// - Parameters:
    ///   - start: of the message, or of its first piece.
    ///   - end: at least `start` and at most the payload's.
    @inlinable
    @inline(__always)
    package init(
        _ bytes: PayloadBytes, _ start: Int, _ end: Int, _ context: ViewContext, rest: MessageRest = MessageRest()
    ) {
        self.bytes = bytes
        low = UInt32(truncatingIfNeeded: start)
        high = UInt32(truncatingIfNeeded: end)
        self.rest = rest
        self.context = context
    }

    /// The same with the context inside the message.
    ///
    /// - Throws: `too_deep` when no further message may be open.
    @inlinable
    @inline(__always)
    package func entered() throws(WireError) -> MessageSlice {
        MessageSlice(bytes, start, end, try context.entered(at: start), rest: rest)
    }

    /// Where the message, or its first piece, starts.
    @inlinable
    @inline(__always)
    package var start: Int { Int(low) }

    /// The end of the message, or of its first piece.
    @inlinable
    @inline(__always)
    package var end: Int { Int(high) }
}

/// Where more pieces of a message may stand: behind the current one in the message around it, which may itself be in pieces.
///
/// Two levels are enough: what is repeated is whole, and between a whole message and another no more than two fields are not
/// repeated (`KeyValue.value`, then a list in it).
public struct MessageRest: BitwiseCopyable {
    /// The end of the message around, or of its current piece; in the upper half the end of the message around that one.
    @usableFromInline package var ends: UInt64
    /// The key of the pieces, one byte on the wire, 0 where there are no more; in the upper half the key of the pieces of
    /// the message around.
    @usableFromInline package var keys: UInt16

    @inlinable
    @inline(__always)
    package init(ends: UInt64, keys: UInt16) {
        self.ends = ends
        self.keys = keys
    }

    /// Nothing: a message in one piece.
    @inlinable
    @inline(__always)
    package init() { self.init(ends: 0, keys: 0) }

    /// Further pieces under `key`, up to `end`, in a message of which `outer` may have further pieces.
    package init(key: UInt8, end: Int, outer: MessageRest = MessageRest()) {
        self.init(
            ends: UInt64(truncatingIfNeeded: end) | outer.ends << 32, keys: UInt16(key) | outer.keys << 8)
    }

    /// Whether there are no more pieces.
    @inlinable
    @inline(__always)
    package var isEmpty: Bool { keys == 0 }

    var key: UInt8 { UInt8(truncatingIfNeeded: keys) }
    var outerKey: UInt8 { UInt8(truncatingIfNeeded: keys >> 8) }
    var end: Int { Int(ends & 0xFFFF_FFFF) }
    var outerEnd: Int { Int(ends >> 32) }
}
