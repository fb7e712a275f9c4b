import ProtoWire

/// Event at one moment within a span, in place: OTLP's `Span.Event`.
public struct SpanEventView: ~Escapable, MessageView {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    @usableFromInline let slice: MessageSlice

    /// Time of the event in nanoseconds since 1970-01-01T00:00:00Z (field 1).
    public private(set) var timeUnixNano: UInt64 = 0
    /// Number of attributes left out by the sender's limits (field 4).
    public private(set) var droppedAttributesCount: UInt32 = 0
    /// `true` when the message has fields that the schema does not name.
    public private(set) var hasUnknownFields = false

    @usableFromInline var nameRange = TextRange()
    @usableFromInline var attributesField = RepeatedField()

    @_lifetime(immortal)
    @_documentation(visibility: internal)
    public init(_ slice: MessageSlice) throws(WireError) {
        let slice = try slice.entered()
        self.slice = slice
        var cursor = FieldCursor(slice)
        while let key = try cursor.nextKey() {
            switch key.rawValue {
            case 0x09: timeUnixNano = try cursor.fixed64()
            case 0x12: nameRange = try cursor.text()
            case 0x1A: try attributesField.readRun(of: 0x1A, &cursor)
            case 0x20: droppedAttributesCount = UInt32(truncatingIfNeeded: try cursor.varint())
            default:
                try cursor.skip(key)
                hasUnknownFields = true
            }
        }
    }

    /// Encoded message, in place.
    @inlinable
    public var bytes: RawSpan {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(slice.content(), copying: self) }
    }

    /// Name of the event (field 2).
    @inlinable
    public var name: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, nameRange), copying: self) }
    }

    /// Attributes of the event (field 3).
    @inlinable
    public var attributes: MessageViews<AttributeView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice.part(attributesField), key: 0x1A), copying: self) }
    }
}
