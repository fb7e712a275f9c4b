import ProtoWire
import SpanModel

/// Spans on their way to a collector. `spanwire.transport.v1.Batch`, on the wire an OTLP `ExportTraceServiceRequest`
/// with the transport's own fields from 1001 up.
public struct Batch: Sendable, Hashable {
    /// Field 1, and the fields that the schema does not name (in `spans.unknownFields`).
    public var spans: SpanBatch
    /// Field 1001: rising from 1 per sender; a number may be skipped.
    public var sequence: UInt64
    /// Field 1002: spans that the sender had to give up since its last batch.
    public var dropped: [DropCount]

    /// Makes a batch of spans under a sequence number.
    public init(spans: SpanBatch = SpanBatch(), sequence: UInt64, dropped: [DropCount] = []) {
        self.spans = spans
        self.sequence = sequence
        self.dropped = dropped
    }
}

extension Batch: WireMessage {
    public init() { self.init(sequence: 0) }

    public static let schema: MessageSchema = .init(
        "spanwire.transport.v1.Batch",
        [
            FieldSchema(1, "resource_spans", .message { ResourceSpans.schema }, repeated: true),
            FieldSchema(1001, "sequence", .uint64),
            FieldSchema(1002, "dropped", .message { DropCount.schema }, repeated: true),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: spans.resourceSpans.append(try reader.message())
            case 0x1F48: sequence = try reader.varint()
            case 0x1F52: dropped.append(try reader.message())
            default: try reader.unknownField(key, into: &spans.unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(spans.unknownFields)
        Batch.encodeTrailer(sequence: sequence, dropped: dropped, to: &writer)
        writer.prependMessages(spans.resourceSpans, key: 0x0A)
    }

    /// The transport's own fields alone. Behind encoded `ResourceSpans` fields they make a batch: protobuf messages are
    /// joined by joining their bytes.
    static func encodeTrailer(sequence: UInt64, dropped: [DropCount], to writer: inout WireWriter) {
        writer.prependMessages(dropped, key: 0x1F52)
        writer.prependVarint(sequence, key: 0x1F48)
    }
}
