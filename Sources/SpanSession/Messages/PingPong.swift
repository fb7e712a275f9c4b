import ProtoWire

/// The question whether the peer is there. `spanwire.transport.v1.Ping`.
public struct Ping: Sendable, Hashable {
    /// Field 1: comes back in the `Pong`.
    public var token: UInt64
    public var unknownFields: UnknownFields

    /// Makes a ping with a token, which the answer repeats.
    public init(token: UInt64) {
        self.token = token
        unknownFields = UnknownFields()
    }
}

/// The answer to a `Ping`. `spanwire.transport.v1.Pong`.
public struct Pong: Sendable, Hashable {
    /// Field 1: the token of the ping.
    public var token: UInt64
    public var unknownFields: UnknownFields

    /// Makes the answer to the ping with this token.
    public init(token: UInt64) {
        self.token = token
        unknownFields = UnknownFields()
    }
}

/// The sender's word that no more batches follow; the connection closes after the last ack.
/// `spanwire.transport.v1.Goodbye`.
public struct Goodbye: Sendable, Hashable {
    public var unknownFields: UnknownFields

    /// Makes the message, which has no fields.
    public init() { unknownFields = UnknownFields() }
}

extension Ping: WireMessage {
    public init() { self.init(token: 0) }

    public static let schema: MessageSchema = .init(
        "spanwire.transport.v1.Ping", [FieldSchema(1, "token", .uint64)])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        try reader.mergeToken(&token, &unknownFields)
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependVarint(token, key: 0x08)
    }
}

extension Pong: WireMessage {
    public init() { self.init(token: 0) }

    public static let schema: MessageSchema = .init(
        "spanwire.transport.v1.Pong", [FieldSchema(1, "token", .uint64)])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        try reader.mergeToken(&token, &unknownFields)
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependVarint(token, key: 0x08)
    }
}

extension Goodbye: WireMessage {
    public static let schema: MessageSchema = .init("spanwire.transport.v1.Goodbye", [])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() { try reader.unknownField(key, into: &unknownFields) }
    }

    public func encode(to writer: inout WireWriter) { writer.prependUnknown(unknownFields) }
}

extension WireReader {
    fileprivate mutating func mergeToken(
        _ token: inout UInt64, _ unknownFields: inout UnknownFields
    ) throws(WireError) {
        while let key = try nextKey() {
            switch key.rawValue {
            case 0x08: token = try varint()
            default: try unknownField(key, into: &unknownFields)
            }
        }
    }
}
