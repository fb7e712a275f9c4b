import ProtoWire
import SpanModel

/// A sender's first frame. `spanwire.transport.v1.Hello`.
public struct Hello: Sendable, Hashable {
    /// Field 1: 1 in this version.
    public var protocolVersion: UInt32
    /// Field 2: 16 bytes, random per incarnation of the sender; kept as they came.
    public var senderID: [UInt8]
    /// Field 3: name and version of the sender's program, for people.
    public var agent: String
    /// Field 4: in order of preference; `identity` is always implied.
    public var compressions: [Compression]
    /// Field 5: empty when there is none. Never in a description.
    public var bearerToken: String
    /// Field 6: the largest payload that the sender accepts; 0 means 64 MiB.
    public var maxFrameBytes: UInt32
    /// Field 7: rises with every connection of the sender; 0 means not known.
    public var connection: UInt64
    public var unknownFields: UnknownFields

    /// Makes the first message of a sender.
    public init(
        protocolVersion: UInt32 = 1, senderID: SenderID, agent: String = "", compressions: [Compression] = [],
        bearerToken: String = "", maxFrameBytes: UInt32 = 0, connection: UInt64 = 0
    ) {
        self.init()
        self.protocolVersion = protocolVersion
        self.senderID = senderID.bytes
        self.agent = agent
        self.compressions = compressions
        self.bearerToken = bearerToken
        self.maxFrameBytes = maxFrameBytes
        self.connection = connection
    }
}

extension Hello: WireMessage {
    /// All fields at their defaults, which is no valid greeting.
    public init() {
        protocolVersion = 0
        senderID = []
        agent = ""
        compressions = []
        bearerToken = ""
        maxFrameBytes = 0
        connection = 0
        unknownFields = UnknownFields()
    }

    public static let schema: MessageSchema = .init(
        "spanwire.transport.v1.Hello",
        [
            FieldSchema(1, "protocol_version", .uint32),
            FieldSchema(2, "sender_id", .bytes),
            FieldSchema(3, "agent", .string),
            FieldSchema(4, "compressions", .enumeration(Compression.schema), repeated: true),
            FieldSchema(5, "bearer_token", .string),
            FieldSchema(6, "max_frame_bytes", .uint32),
            FieldSchema(7, "connection", .uint64),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x08: protocolVersion = UInt32(truncatingIfNeeded: try reader.varint())
            case 0x12: senderID = try reader.byteArray()
            case 0x1A: agent = try reader.string()
            case 0x20: compressions.append(Compression(rawValue: Int32(truncatingIfNeeded: try reader.varint())))
            case 0x22:
                let end = try reader.length() + reader.offset
                while reader.offset < end {
                    let value = try reader.varint()
                    guard reader.offset <= end else {
                        throw WireError(
                            .truncated, "the bytes end inside a packed varint", offset: end)
                    }
                    compressions.append(Compression(rawValue: Int32(truncatingIfNeeded: value)))
                }
            case 0x2A: bearerToken = try reader.string()
            case 0x30: maxFrameBytes = UInt32(truncatingIfNeeded: try reader.varint())
            case 0x38: connection = try reader.varint()
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependVarint(connection, key: 0x38)
        writer.prependVarint(UInt64(maxFrameBytes), key: 0x30)
        writer.prependString(bearerToken, key: 0x2A)
        if !compressions.isEmpty {
            let mark = writer.count
            for compression in compressions.reversed() {
                writer.prependVarint(UInt64(bitPattern: Int64(compression.rawValue)))
            }
            writer.prependLength(since: mark, key: 0x22)
        }
        writer.prependString(agent, key: 0x1A)
        writer.prependBytes(senderID, key: 0x12)
        writer.prependVarint(UInt64(protocolVersion), key: 0x08)
    }
}

extension Hello: CustomStringConvertible {
    /// The message without the token's text: only whether there is one.
    public var description: String {
        "Hello(version \(protocolVersion), sender \(senderID.hex), agent \(agent.debugDescription), "
            + "compressions \(compressions), token \(bearerToken.isEmpty ? "no" : "yes"), "
            + "max_frame_bytes \(maxFrameBytes), connection \(connection))"
    }
}

extension Hello: CustomDebugStringConvertible, CustomReflectable {
    public var debugDescription: String { description }
    /// Empty, so that `dump` shows no token.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
