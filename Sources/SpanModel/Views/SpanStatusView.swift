import ProtoWire

/// Outcome of an operation, in place: OTLP's `Status`.
public struct SpanStatusView: ~Escapable, BitwiseCopyable {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    @usableFromInline let payload: PayloadBytes
    @usableFromInline let fields: StatusFields

    @inlinable
    @_lifetime(immortal)
    init(_ payload: PayloadBytes, _ fields: StatusFields) {
        self.payload = payload
        self.fields = fields
    }

    /// Code of the outcome (field 3).
    @inlinable
    public var code: SpanStatus.Code { fields.code }

    /// Message for people (field 2), meant for `error`.
    @inlinable
    public var message: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(payload, fields.message), copying: self) }
    }

    /// `true` when the message has fields that the schema does not name.
    @inlinable
    public var hasUnknownFields: Bool { fields.hasUnknownFields }
}

/// Fields of a status, read while its span is read, so that a status in several pieces needs no second look.
@usableFromInline
struct StatusFields: BitwiseCopyable {
    @usableFromInline var message = TextRange()
    @usableFromInline var code = SpanStatus.Code.unset
    @usableFromInline var isPresent = false
    @usableFromInline var hasUnknownFields = false

    @inlinable
    @inline(__always)
    init() {}

    /// Reads the usual form, empty or with a code alone, and moves past it; `false` for another form.
    @inlinable
    @inline(__always)
    mutating func takeUsual(
        _ bytes: PayloadBytes, _ position: inout Int, _ end: Int, _ context: ViewContext
    ) -> Bool {
        // Proof for the loads: each is behind a comparison of its end with `end`, which lies inside the payload.
        guard end &- position >= 2, context.depthLeft > 0 else { return false }
        let length = bytes.byte(unchecked: position &+ 1)
        isPresent = true
        if length == 0 {
            position &+= 2
            return true
        }
        guard length == 2, end &- position >= 4 else { return false }
        let pair = bytes.pair(unchecked: position &+ 2)
        guard pair & 0x80FF == 0x18 else { return false }
        code = SpanStatus.Code(rawValue: Int32(pair >> 8))
        position &+= 4
        return true
    }

    /// Reads the field whose key was read last.
    mutating func read(_ cursor: inout FieldCursor) throws(WireError) {
        let start = try cursor.content()
        let context = try cursor.context.entered(at: cursor.keyStart)
        isPresent = true
        var inner = FieldCursor(MessageSlice(cursor.bytes, start, cursor.position, context))
        while let key = try inner.nextKey() {
            switch key.rawValue {
            case 0x12: message = try inner.text()
            case 0x18: code = SpanStatus.Code(rawValue: Int32(truncatingIfNeeded: try inner.varint()))
            default:
                try inner.skip(key)
                hasUnknownFields = true
            }
        }
    }
}
