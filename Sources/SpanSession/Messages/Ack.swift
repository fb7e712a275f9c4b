import ProtoWire
import SpanModel

/// The collector's word that batches are stored. `spanwire.transport.v1.Ack`, on the wire an OTLP
/// `ExportTraceServiceResponse` with the transport's own fields from 1001 up.
public struct Ack: Sendable, Hashable {
    /// Field 1: what was refused of, or repaired in, the batches that this ack newly acknowledges; `nil` when nothing.
    public var partialSuccess: ExportPartialSuccess?
    /// Field 1001: this and every batch received before it are durably stored.
    public var sequence: UInt64
    /// Field 1002: how many further payload bytes the sender may send; added to what it has.
    public var creditBytes: UInt64
    public var unknownFields: UnknownFields

    /// Makes an ack of everything up to `sequence`.
    public init(sequence: UInt64, creditBytes: UInt64 = 0, partialSuccess: ExportPartialSuccess? = nil) {
        self.sequence = sequence
        self.creditBytes = creditBytes
        self.partialSuccess = partialSuccess
        unknownFields = UnknownFields()
    }
}

extension Ack: WireMessage {
    public init() { self.init(sequence: 0) }

    public static let schema: MessageSchema = .init(
        "spanwire.transport.v1.Ack",
        [
            FieldSchema(1, "partial_success", .message { ExportPartialSuccess.schema }),
            FieldSchema(1001, "sequence", .uint64),
            FieldSchema(1002, "credit_bytes", .uint64),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: try reader.merge(&partialSuccess)
            case 0x1F48: sequence = try reader.varint()
            case 0x1F50: creditBytes = try reader.varint()
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependVarint(creditBytes, key: 0x1F50)
        writer.prependVarint(sequence, key: 0x1F48)
        if let partialSuccess { writer.prependMessage(partialSuccess, key: 0x0A) }
    }
}
