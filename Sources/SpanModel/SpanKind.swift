import ProtoWire

/// Role of a span between its parent and its children. Open: other numbers are legal on the wire.
public struct SpanKind: RawRepresentable, Sendable, Hashable, BitwiseCopyable {
    public let rawValue: Int32

    @inlinable
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The role is not stated; the span may be read as `internal`.
    public static let unspecified = SpanKind(rawValue: 0)
    /// The span stays within one service.
    public static let `internal` = SpanKind(rawValue: 1)
    /// The span handles a request from outside.
    public static let server = SpanKind(rawValue: 2)
    /// The span is a request to another service.
    public static let client = SpanKind(rawValue: 3)
    /// The span sends a message that is handled later.
    public static let producer = SpanKind(rawValue: 4)
    /// The span handles a message.
    public static let consumer = SpanKind(rawValue: 5)

    /// Numbers and names of the kinds in the schema.
    public static let schema = EnumSchema(
        "opentelemetry.proto.trace.v1.Span.SpanKind",
        [
            (0, "SPAN_KIND_UNSPECIFIED"), (1, "SPAN_KIND_INTERNAL"), (2, "SPAN_KIND_SERVER"),
            (3, "SPAN_KIND_CLIENT"), (4, "SPAN_KIND_PRODUCER"), (5, "SPAN_KIND_CONSUMER"),
        ])
}

extension SpanKind: CustomStringConvertible {
    /// Name of the kind, such as `server`; the number when it has no name.
    public var description: String {
        switch self {
        case .unspecified: "unspecified"
        case .internal: "internal"
        case .server: "server"
        case .client: "client"
        case .producer: "producer"
        case .consumer: "consumer"
        default: String(rawValue)
        }
    }
}
