/// Position of one message's fields in a payload, nearly always in one piece.
///
/// Protobuf lets a sub-message come in several fields, which together are one message. Such a message has its first
/// piece here, and `rest` says where further ones may follow. A cursor walks from piece to piece, so nothing is ever
/// joined in memory.
///
/// A slice does not keep the payload's bytes alive, no more than `PayloadBytes` does: users get only views.
@_documentation(visibility: internal)
public struct MessageSlice: BitwiseCopyable {
    /// The whole payload, at most 2^31 - 1 bytes.
    @usableFromInline package let bytes: PayloadBytes
    @usableFromInline let low: UInt32
    @usableFromInline let high: UInt32
    /// Position of further pieces of the message.
    @usableFromInline package let rest: MessageRest
    /// Depth and policy that apply to the message.
    @usableFromInline package let context: ViewContext

    /// Creates a slice.
    ///
    /// - Parameters:
    ///   - start: offset of the message, or of its first piece.
    ///   - end: end of the message or piece, at least `start` and at most the payload's end.
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

    /// Returns the slice with the context inside the message.
    ///
    /// - Throws: `tooDeep` when no further message may be open.
    @inlinable
    @inline(__always)
    package func entered() throws(WireError) -> MessageSlice {
        MessageSlice(bytes, start, end, try context.entered(at: start), rest: rest)
    }

    /// Offset of the message, or of its first piece.
    @inlinable
    @inline(__always)
    package var start: Int { Int(low) }

    /// End of the message, or of its first piece.
    @inlinable
    @inline(__always)
    package var end: Int { Int(high) }
}

/// Position where further pieces of a message may stand: behind the current piece in the message around it, which may
/// itself be in pieces.
///
/// Two levels are enough: repeated messages are whole, and between one whole message and another at most two fields are
/// not repeated (`KeyValue.value`, then a list in it).
@_documentation(visibility: internal)
public struct MessageRest: BitwiseCopyable {
    /// End of the message around, or of its current piece; in the upper half the end of the message around that one.
    @usableFromInline package var ends: UInt64
    /// Key of the pieces, one byte on the wire, 0 when there are no more; in the upper half the key of the pieces of
    /// the message around.
    @usableFromInline package var keys: UInt16

    /// Creates a position from the two words in which it is stored.
    @inlinable
    @inline(__always)
    package init(ends: UInt64, keys: UInt16) {
        self.ends = ends
        self.keys = keys
    }

    /// Creates the position for a message in one piece.
    @inlinable
    @inline(__always)
    package init() { self.init(ends: 0, keys: 0) }

    /// Creates a position for further pieces under `key`, up to `end`, in a message whose own further pieces are in
    /// `outer`.
    package init(key: UInt8, end: Int, outer: MessageRest = MessageRest()) {
        self.init(
            ends: UInt64(truncatingIfNeeded: end) | outer.ends << 32, keys: UInt16(key) | outer.keys << 8)
    }

    /// `true` when there are no more pieces.
    @inlinable
    @inline(__always)
    package var isEmpty: Bool { keys == 0 }

    var key: UInt8 { UInt8(truncatingIfNeeded: keys) }
    var outerKey: UInt8 { UInt8(truncatingIfNeeded: keys >> 8) }
    var end: Int { Int(ends & 0xFFFF_FFFF) }
    var outerEnd: Int { Int(ends >> 32) }
}
