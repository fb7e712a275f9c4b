import ProtoWire

/// One report of a span, a timed operation within a trace: OTLP's `Span`.
///
/// A report may be of a span that still runs (`endTimeUnixNano == 0`); `docs/merge.md` says how reports join.
public struct SpanRecord: Sendable, Hashable {
    /// Trace id (field 1).
    public var traceID: TraceID
    /// Span id (field 2).
    public var spanID: SpanID
    /// W3C `tracestate` (field 3).
    public var traceState: String
    /// Span id of the parent (field 4); `.invalid` for a root.
    public var parentSpanID: SpanID
    /// Name of the operation (field 5).
    public var name: String
    /// Role of the span (field 6).
    public var kind: SpanKind
    /// Start in nanoseconds since 1970-01-01T00:00:00Z by the sender's clock (field 7); 0 when it is not known.
    public var startTimeUnixNano: UInt64
    /// End in nanoseconds since 1970-01-01T00:00:00Z by the sender's clock (field 8); 0 while the span runs.
    public var endTimeUnixNano: UInt64
    /// Attributes of the span (field 9).
    public var attributes: [Attribute]
    /// Number of attributes left out by the sender's limits (field 10).
    public var droppedAttributesCount: UInt32
    /// Events of the span (field 11).
    public var events: [SpanEvent]
    /// Number of events left out by the sender's limits (field 12).
    public var droppedEventsCount: UInt32
    /// Links of the span (field 13).
    public var links: [SpanLink]
    /// Number of links left out by the sender's limits (field 14).
    public var droppedLinksCount: UInt32
    /// Status of the span (field 15); `nil` when the field is absent, which reads as `unset`.
    public var status: SpanStatus?
    /// W3C trace flags in bits 0 to 7, then `HAS_IS_REMOTE` and `IS_REMOTE` of the parent (field 16).
    public var flags: UInt32
    /// Revision of a report of a running span (field 1001, Spanwire's extension): the greater of two is the newer
    /// report.
    public var revision: UInt32
    /// Ids that came with another length, or as zeros.
    public var irregularIDs: IrregularIDs
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates a report; counts of left-out attributes, events and links are 0.
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

    /// `false` while the span runs.
    public var isEnded: Bool { endTimeUnixNano != 0 }
}
