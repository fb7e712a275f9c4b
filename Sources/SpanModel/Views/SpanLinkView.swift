import ProtoWire

/// Link from a span to a span of this or another trace, in place: OTLP's `Span.Link`.
public struct SpanLinkView: ~Escapable, MessageView {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    @usableFromInline let slice: MessageSlice

    /// Trace id of the linked span (field 1); `.invalid` when `irregularID(.traceID)` has the bytes that came instead.
    public private(set) var traceID = TraceID.invalid
    /// Span id of the linked span (field 2); `.invalid` when `irregularID(.spanID)` has the bytes that came instead.
    public private(set) var spanID = SpanID.invalid
    /// Number of attributes left out by the sender's limits (field 5).
    public private(set) var droppedAttributesCount: UInt32 = 0
    /// W3C trace flags in bits 0 to 7, then `HAS_IS_REMOTE` and `IS_REMOTE` (field 6).
    public private(set) var flags: UInt32 = 0
    /// `true` when the message has fields that the schema does not name.
    public private(set) var hasUnknownFields = false

    @usableFromInline var traceStateRange = TextRange()
    @usableFromInline var attributesField = RepeatedField()
    @usableFromInline var irregularIDs = IrregularIDFields()

    @_lifetime(immortal)
    @_documentation(visibility: internal)
    public init(_ slice: MessageSlice) throws(WireError) {
        let slice = try slice.entered()
        self.slice = slice
        var cursor = FieldCursor(slice)
        while let key = try cursor.nextKey() {
            switch key.rawValue {
            case 0x0A: traceID = try cursor.traceID(&irregularIDs)
            case 0x12: spanID = try cursor.spanID(.spanID, &irregularIDs)
            case 0x1A: traceStateRange = try cursor.text()
            case 0x22: try attributesField.readRun(of: 0x22, &cursor)
            case 0x28: droppedAttributesCount = UInt32(truncatingIfNeeded: try cursor.varint())
            case 0x35: flags = try cursor.fixed32()
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

    /// W3C `tracestate` of the linked span (field 3).
    @inlinable
    public var traceState: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, traceStateRange), copying: self) }
    }

    /// Attributes of the link (field 4).
    @inlinable
    public var attributes: MessageViews<AttributeView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice.part(attributesField), key: 0x22), copying: self) }
    }

    /// Returns the bytes of an id that is not valid, in place; `nil` when the id is regular or absent.
    ///
    /// - Parameter field: field of the id. For `.parentSpanID`, which a link does not have, the result is `nil`.
    @_lifetime(copy self)
    public func irregularID(_ field: IrregularIDs.Field) -> RawSpan? {
        irregularIDs[field] ? unsafe _overrideLifetime(slice.lastBytes(of: field.spanKey), copying: self) : nil
    }
}
