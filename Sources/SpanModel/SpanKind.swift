import ProtoWire

/// The role of a span between its parent and its children. Open: other numbers are legal on the wire.
public struct SpanKind: RawRepresentable, Sendable, Hashable, BitwiseCopyable {
    public let rawValue: Int32

    @inlinable
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Not said; may be read as `internal`.
    public static let unspecified = SpanKind(rawValue: 0)
    /// Within one service.
    public static let `internal` = SpanKind(rawValue: 1)
    /// The handling of a request that came from outside.
    public static let server = SpanKind(rawValue: 2)
    /// A request to another service.
    public static let client = SpanKind(rawValue: 3)
    /// The sending of a message that somebody handles later.
    public static let producer = SpanKind(rawValue: 4)
    /// The handling of a message.
    public static let consumer = SpanKind(rawValue: 5)

    public static let schema = EnumSchema(
        "opentelemetry.proto.trace.v1.Span.SpanKind",
        [
            (0, "SPAN_KIND_UNSPECIFIED"), (1, "SPAN_KIND_INTERNAL"), (2, "SPAN_KIND_SERVER"),
            (3, "SPAN_KIND_CLIENT"), (4, "SPAN_KIND_PRODUCER"), (5, "SPAN_KIND_CONSUMER"),
        ])
}

extension SpanKind: CustomStringConvertible {
    /// `server`, or the number where there is no name.
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
