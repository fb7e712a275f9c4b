import ProtoWire
import SpanModel
import SpanSession

/// The messages that captured bytes can be decoded as.
public enum MessageType: String, Sendable, Hashable, CaseIterable {
    /// `TracesData`, and `ExportTraceServiceRequest`, which is the same on the wire.
    case traces
    /// `ExportTraceServiceResponse`.
    case response
    case hello, welcome, batch, ack, ping, pong, goodbye
    case goAway = "goaway"

    /// What a frame of that kind carries; `nil` for a kind that the protocol does not have.
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

    /// The Swift type with the codec.
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

    /// Names and types of the fields.
    public var schema: MessageSchema { type.schema }

    /// The message's name without its package, such as `TracesData`.
    public var messageName: String { schema.name.split(separator: ".").last.map(String.init) ?? schema.name }

    /// Whether an encoded message is valid.
    ///
    /// - Returns: how many spans it holds; `nil` where the type has none.
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
