import ProtoWire

/// The collector's first frame. `spanwire.transport.v1.Welcome`.
public struct Welcome: Sendable, Hashable {
    /// The greatest weight of a batch where a collector does not say it.
    static let defaultBatchWeight: UInt64 = 1 << 20

    /// Field 1: 1 in this version.
    public var protocolVersion: UInt32
    /// Field 2: one of those offered, or `identity`.
    public var compression: Compression
    /// Field 3: the highest sequence of this sender that is stored, 0 if none.
    public var storedSequence: UInt64
    /// Field 4: the largest payload that the collector accepts, before and after decompression; 0 means 64 MiB.
    public var maxFrameBytes: UInt32
    /// Field 5: how many payload bytes of `Batch` frames the sender may have outstanding.
    public var creditBytes: UInt64
    /// Field 6: name and version of the collector's program, for people.
    public var agent: String
    /// Field 7: the largest zstd window for `zstdStream`, 17 to 23.
    public var windowLog: UInt32
    /// Field 8: what a batch may weigh, in smallest spans; 0 means 1,048,576. docs/protocol.md, rule 17, says what
    /// weighs how much.
    public var maxBatchWeight: UInt64
    public var unknownFields: UnknownFields

    /// Makes the first message of a collector.
    public init(
        protocolVersion: UInt32 = 1, compression: Compression = .identity, storedSequence: UInt64 = 0,
        maxFrameBytes: UInt32 = 0, creditBytes: UInt64, agent: String = "", windowLog: UInt32 = 0,
        maxBatchWeight: UInt64 = 0
    ) {
        self.protocolVersion = protocolVersion
        self.compression = compression
        self.storedSequence = storedSequence
        self.maxFrameBytes = maxFrameBytes
        self.creditBytes = creditBytes
        self.agent = agent
        self.windowLog = windowLog
        self.maxBatchWeight = maxBatchWeight
        unknownFields = UnknownFields()
    }
}

extension Welcome: WireMessage {
    public init() { self.init(protocolVersion: 0, creditBytes: 0) }

    public static let schema: MessageSchema = .init(
        "spanwire.transport.v1.Welcome",
        [
            FieldSchema(1, "protocol_version", .uint32),
            FieldSchema(2, "compression", .enumeration(Compression.schema)),
            FieldSchema(3, "stored_sequence", .uint64),
            FieldSchema(4, "max_frame_bytes", .uint32),
            FieldSchema(5, "credit_bytes", .uint64),
            FieldSchema(6, "agent", .string),
            FieldSchema(7, "window_log", .uint32),
            FieldSchema(8, "max_batch_weight", .uint64),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x08: protocolVersion = UInt32(truncatingIfNeeded: try reader.varint())
            case 0x10: compression = Compression(rawValue: Int32(truncatingIfNeeded: try reader.varint()))
            case 0x18: storedSequence = try reader.varint()
            case 0x20: maxFrameBytes = UInt32(truncatingIfNeeded: try reader.varint())
            case 0x28: creditBytes = try reader.varint()
            case 0x32: agent = try reader.string()
            case 0x38: windowLog = UInt32(truncatingIfNeeded: try reader.varint())
            case 0x40: maxBatchWeight = try reader.varint()
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependVarint(maxBatchWeight, key: 0x40)
        writer.prependVarint(UInt64(windowLog), key: 0x38)
        writer.prependString(agent, key: 0x32)
        writer.prependVarint(creditBytes, key: 0x28)
        writer.prependVarint(UInt64(maxFrameBytes), key: 0x20)
        writer.prependVarint(storedSequence, key: 0x18)
        writer.prependVarint(UInt64(bitPattern: Int64(compression.rawValue)), key: 0x10)
        writer.prependVarint(UInt64(protocolVersion), key: 0x08)
    }
}
