import ProtoWire

/// One report of a span: a timed operation within a trace. OTLP's `Span`.
///
/// A report may be of a span that still runs (`endTimeUnixNano == 0`); see `docs/merge.md` for how reports join.
public struct SpanRecord: Sendable, Hashable {
    /// Field 1.
    public var traceID: TraceID
    /// Field 2.
    public var spanID: SpanID
    /// Field 3: W3C `tracestate`.
    public var traceState: String
    /// Field 4: `.invalid` for a root.
    public var parentSpanID: SpanID
    /// Field 5.
    public var name: String
    /// Field 6.
    public var kind: SpanKind
    /// Field 7: nanoseconds since 1970-01-01T00:00:00Z by the sender's clock; 0 means not known.
    public var startTimeUnixNano: UInt64
    /// Field 8: nanoseconds since 1970-01-01T00:00:00Z by the sender's clock; 0 means the span still runs.
    public var endTimeUnixNano: UInt64
    /// Field 9.
    public var attributes: [Attribute]
    /// Field 10: attributes left out by the sender's limits.
    public var droppedAttributesCount: UInt32
    /// Field 11.
    public var events: [SpanEvent]
    /// Field 12: events left out by the sender's limits.
    public var droppedEventsCount: UInt32
    /// Field 13.
    public var links: [SpanLink]
    /// Field 14: links left out by the sender's limits.
    public var droppedLinksCount: UInt32
    /// Field 15; `nil` when the field is absent, which reads as `unset`.
    public var status: SpanStatus?
    /// Field 16: W3C flags in bits 0 to 7, then `HAS_IS_REMOTE` and `IS_REMOTE` of the parent.
    public var flags: UInt32
    /// Field 1001, Spanwire's extension: which of several reports of a running span is the newer one.
    public var revision: UInt32
    /// Ids that are no ids, as they came.
    public var irregularIDs: IrregularIDs
    public var unknownFields: UnknownFields

    public init(
        traceID: TraceID, spanID: SpanID, parentSpanID: SpanID = .invalid, name: String,
        kind: SpanKind = .unspecified, startTimeUnixNano: UInt64, endTimeUnixNano: UInt64 = 0,
        attributes: [Attribute] = [], events: [SpanEvent] = [], links: [SpanLink] = [], status: SpanStatus? = nil,
        traceState: String = "", flags: UInt32 = 0, revision: UInt32 = 0
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.traceState = traceState
        self.parentSpanID = parentSpanID
        self.name = name
        self.kind = kind
        self.startTimeUnixNano = startTimeUnixNano
        self.endTimeUnixNano = endTimeUnixNano
        self.attributes = attributes
        droppedAttributesCount = 0
        self.events = events
        droppedEventsCount = 0
        self.links = links
        droppedLinksCount = 0
        self.status = status
        self.flags = flags
        self.revision = revision
        irregularIDs = IrregularIDs()
        unknownFields = UnknownFields()
    }

    /// `false` while the span still runs.
    public var isEnded: Bool { endTimeUnixNano != 0 }
}
