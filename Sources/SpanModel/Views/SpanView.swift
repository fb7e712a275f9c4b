import ProtoWire

/// One report of a span, in place. OTLP's `Span`; the fields are those of `SpanRecord`.
public struct SpanView: ~Escapable, MessageView {
    @usableFromInline let slice: MessageSlice
    @usableFromInline let fields: SpanFields

    @inlinable
    @_lifetime(immortal)
    public init(_ slice: MessageSlice) throws(WireError) {
        let slice = try slice.entered()
        self.slice = slice
        // The other form has a variable of its own, so that this one need not be in memory.
        var usual = SpanFields()
        fields = usual.readUsual(slice) ? usual : try SpanFields(other: slice)
    }

    /// Field 1; `.invalid` where `irregularID(.traceID)` has what came instead.
    @inlinable public var traceID: TraceID { fields.traceID }
    /// Field 2; `.invalid` where `irregularID(.spanID)` has what came instead.
    @inlinable public var spanID: SpanID { fields.spanID }
    /// Field 4: `.invalid` for a root, and where `irregularID(.parentSpanID)` has what came instead.
    @inlinable public var parentSpanID: SpanID { fields.parentSpanID }
    /// Field 6.
    @inlinable public var kind: SpanKind { fields.kind }
    /// Field 7: nanoseconds since 1970-01-01T00:00:00Z by the sender's clock; 0 means not known.
    @inlinable public var startTimeUnixNano: UInt64 { fields.startTimeUnixNano }
    /// Field 8: nanoseconds since 1970-01-01T00:00:00Z by the sender's clock; 0 means the span still runs.
    @inlinable public var endTimeUnixNano: UInt64 { fields.endTimeUnixNano }
    /// Field 10: attributes left out by the sender's limits.
    @inlinable public var droppedAttributesCount: UInt32 { fields.droppedAttributesCount }
    /// Field 12: events left out by the sender's limits.
    @inlinable public var droppedEventsCount: UInt32 { fields.droppedEventsCount }
    /// Field 14: links left out by the sender's limits.
    @inlinable public var droppedLinksCount: UInt32 { fields.droppedLinksCount }
    /// Field 16: W3C flags in bits 0 to 7, then `HAS_IS_REMOTE` and `IS_REMOTE` of the parent.
    @inlinable public var flags: UInt32 { fields.flags }
    /// Field 1001, Spanwire's extension: which of several reports of a running span is the newer one.
    @inlinable public var revision: UInt32 { fields.revision }
    /// Whether the message itself has fields that the schema does not name.
    @inlinable public var hasUnknownFields: Bool { fields.hasUnknownFields }

    /// The encoded message, in place.
    @inlinable
    public var bytes: RawSpan {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(slice.content(), copying: self) }
    }

    /// Field 3: W3C `tracestate`.
    @inlinable
    public var traceState: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, fields.traceState), copying: self) }
    }

    /// Field 5.
    @inlinable
    public var name: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, fields.name), copying: self) }
    }

    /// Field 9.
    @inlinable
    public var attributes: MessageViews<AttributeView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice.part(fields.attributes), key: 0x4A), copying: self) }
    }

    /// Field 11.
    @inlinable
    public var events: MessageViews<SpanEventView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice.part(fields.events), key: 0x5A), copying: self) }
    }

    /// Field 13.
    @inlinable
    public var links: MessageViews<SpanLinkView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice.part(fields.links), key: 0x6A), copying: self) }
    }

    /// Field 15; `nil` when the field is absent, which reads as `unset`.
    @inlinable
    public var status: SpanStatusView? {
        @_lifetime(copy self)
        get {
            guard fields.status.isPresent else { return nil }
            return unsafe _overrideLifetime(SpanStatusView(slice.bytes, fields.status), copying: self)
        }
    }

    /// `false` while the span still runs.
    @inlinable
    public var isEnded: Bool { endTimeUnixNano != 0 }

    /// The bytes that came for an id and are none, in place; `nil` where the id is regular or absent.
    @_lifetime(copy self)
    public func irregularID(_ field: IrregularIDs.Field) -> RawSpan? {
        fields.irregularIDs[field] ? unsafe _overrideLifetime(slice.lastBytes(of: field.spanKey), copying: self) : nil
    }
}

extension IrregularIDs.Field {
    /// The key of the field in `Span`.
    var spanKey: UInt32 {
        switch self {
        case .traceID: 0x0A
        case .spanID: 0x12
        case .parentSpanID: 0x22
        }
    }
}
