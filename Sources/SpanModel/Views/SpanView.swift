import ProtoWire

/// One report of a span, in place: OTLP's `Span`. Its fields are those of `SpanRecord`.
public struct SpanView: ~Escapable, MessageView {
    // Proof for all below: a view or span made of this view reads the same payload and depends on it as this one does.
    @usableFromInline let slice: MessageSlice
    @usableFromInline let fields: SpanFields

    @inlinable
    @_lifetime(immortal)
    @_documentation(visibility: internal)
    public init(_ slice: MessageSlice) throws(WireError) {
        let slice = try slice.entered()
        self.slice = slice
        // The other form has a variable of its own, so that this one need not be in memory.
        var usual = SpanFields()
        fields = usual.readUsual(slice) ? usual : try SpanFields(other: slice)
    }

    /// Trace id (field 1); `.invalid` when `irregularID(.traceID)` has the bytes that came instead.
    @inlinable public var traceID: TraceID { fields.traceID }
    /// Span id (field 2); `.invalid` when `irregularID(.spanID)` has the bytes that came instead.
    @inlinable public var spanID: SpanID { fields.spanID }
    /// Span id of the parent (field 4); `.invalid` for a root, and when `irregularID(.parentSpanID)` has the bytes that
    /// came instead.
    @inlinable public var parentSpanID: SpanID { fields.parentSpanID }
    /// Role of the span (field 6).
    @inlinable public var kind: SpanKind { fields.kind }
    /// Start in nanoseconds since 1970-01-01T00:00:00Z by the sender's clock (field 7); 0 when it is not known.
    @inlinable public var startTimeUnixNano: UInt64 { fields.startTimeUnixNano }
    /// End in nanoseconds since 1970-01-01T00:00:00Z by the sender's clock (field 8); 0 while the span runs.
    @inlinable public var endTimeUnixNano: UInt64 { fields.endTimeUnixNano }
    /// Number of attributes left out by the sender's limits (field 10).
    @inlinable public var droppedAttributesCount: UInt32 { fields.droppedAttributesCount }
    /// Number of events left out by the sender's limits (field 12).
    @inlinable public var droppedEventsCount: UInt32 { fields.droppedEventsCount }
    /// Number of links left out by the sender's limits (field 14).
    @inlinable public var droppedLinksCount: UInt32 { fields.droppedLinksCount }
    /// W3C trace flags in bits 0 to 7, then `HAS_IS_REMOTE` and `IS_REMOTE` of the parent (field 16).
    @inlinable public var flags: UInt32 { fields.flags }
    /// Revision of a report of a running span (field 1001, Spanwire's extension): the greater of two is the newer
    /// report.
    @inlinable public var revision: UInt32 { fields.revision }
    /// `true` when the message itself has fields that the schema does not name.
    @inlinable public var hasUnknownFields: Bool { fields.hasUnknownFields }

    /// Encoded message, in place.
    @inlinable
    public var bytes: RawSpan {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(slice.content(), copying: self) }
    }

    /// W3C `tracestate` (field 3).
    @inlinable
    public var traceState: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, fields.traceState), copying: self) }
    }

    /// Name of the operation (field 5).
    @inlinable
    public var name: TextView {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(TextView(slice.bytes, fields.name), copying: self) }
    }

    /// Attributes of the span (field 9).
    @inlinable
    public var attributes: MessageViews<AttributeView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice.part(fields.attributes), key: 0x4A), copying: self) }
    }

    /// Events of the span (field 11).
    @inlinable
    public var events: MessageViews<SpanEventView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice.part(fields.events), key: 0x5A), copying: self) }
    }

    /// Links of the span (field 13).
    @inlinable
    public var links: MessageViews<SpanLinkView> {
        @_lifetime(copy self)
        get { unsafe _overrideLifetime(MessageViews(slice.part(fields.links), key: 0x6A), copying: self) }
    }

    /// Status of the span (field 15); `nil` when the field is absent, which reads as `unset`.
    @inlinable
    public var status: SpanStatusView? {
        @_lifetime(copy self)
        get {
            guard fields.status.isPresent else { return nil }
            return unsafe _overrideLifetime(SpanStatusView(slice.bytes, fields.status), copying: self)
        }
    }

    /// `false` while the span runs.
    @inlinable
    public var isEnded: Bool { endTimeUnixNano != 0 }

    /// Returns the bytes of an id that is not valid, in place; `nil` when the id is regular or absent.
    @_lifetime(copy self)
    public func irregularID(_ field: IrregularIDs.Field) -> RawSpan? {
        fields.irregularIDs[field] ? unsafe _overrideLifetime(slice.lastBytes(of: field.spanKey), copying: self) : nil
    }
}

extension IrregularIDs.Field {
    /// Key of the field in `Span`.
    var spanKey: UInt32 {
        switch self {
        case .traceID: 0x0A
        case .spanID: 0x12
        case .parentSpanID: 0x22
        }
    }
}
