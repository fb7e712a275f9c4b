import ProtoWire
import SpanModel
import SpanSession

/// Type of message that captured bytes can be decoded as.
public enum MessageType: String, Sendable, Hashable, CaseIterable {
    /// `TracesData`, and `ExportTraceServiceRequest`, which has the same wire form.
    case traces
    /// `ExportTraceServiceResponse`.
    case response
    /// The message of a session frame of that kind.
    case hello, welcome, batch, ack, ping, pong, goodbye
    /// The message of a `GoAway` frame.
    case goAway = "goaway"

    /// Creates the type that a frame of a kind carries; `nil` for a kind that the protocol does not have.
    public init?(_ kind: FrameKind) {
        switch kind {
        case .hello: self = .hello
        case .welcome: self = .welcome
        case .batch: self = .batch
        case .ack: self = .ack
        case .ping: self = .ping
        case .pong: self = .pong
        case .goodbye: self = .goodbye
        case .goAway: self = .goAway
        default: return nil
        }
    }

    /// Swift type with the codec.
    public var type: any WireMessage.Type {
        switch self {
        case .traces: SpanBatch.self
        case .response: ExportResponse.self
        case .hello: Hello.self
        case .welcome: Welcome.self
        case .batch: Batch.self
        case .ack: Ack.self
        case .ping: Ping.self
        case .pong: Pong.self
        case .goodbye: Goodbye.self
        case .goAway: GoAway.self
        }
    }

    /// Names and types of the message's fields.
    public var schema: MessageSchema { type.schema }

    /// Name of the message without its package, such as `TracesData`.
    public var messageName: String { schema.name.split(separator: ".").last.map(String.init) ?? schema.name }

    /// Validates an encoded message.
    ///
    /// - Returns: the number of spans; `nil` when the type has none.
    /// - Throws: `WireError` with code, byte offset and field path.
    func check(_ bytes: RawSpan, limits: WireLimits) throws(WireError) -> Int? {
        switch self {
        case .traces, .batch: return try PayloadCheck.spanCount(in: bytes, schema: schema, limits: limits)
        default:
            _ = try type.init(decoding: bytes, options: DecodeOptions(limits: limits))
            return nil
        }
    }
}
