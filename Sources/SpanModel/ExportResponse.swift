import ProtoWire

/// Answer of a receiver: OTLP's `ExportTraceServiceResponse`.
public struct ExportResponse: Sendable, Hashable {
    /// Refused spans or a warning (field 1); `nil` when everything was accepted.
    public var partialSuccess: ExportPartialSuccess?
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates an answer; without an argument it says that everything was accepted.
    public init(partialSuccess: ExportPartialSuccess? = nil) {
        self.partialSuccess = partialSuccess
        unknownFields = UnknownFields()
    }
}

extension ExportResponse: WireMessage {
    public init() { self.init(partialSuccess: nil) }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse",
        [FieldSchema(1, "partial_success", .message { ExportPartialSuccess.schema })])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: try reader.merge(&partialSuccess)
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        if let partialSuccess { writer.prependMessage(partialSuccess, key: 0x0A) }
    }
}

/// Number of refused spans, or a warning when `rejectedSpans` is 0: OTLP's `ExportTracePartialSuccess`.
public struct ExportPartialSuccess: Sendable, Hashable {
    /// Number of spans that were refused and must not be sent again (field 1).
    public var rejectedSpans: Int64
    /// Explanation for people (field 2).
    public var errorMessage: String
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates the statement that spans were refused.
    public init(rejectedSpans: Int64, errorMessage: String = "") {
        self.rejectedSpans = rejectedSpans
        self.errorMessage = errorMessage
        unknownFields = UnknownFields()
    }
}

extension ExportPartialSuccess: WireMessage {
    public init() { self.init(rejectedSpans: 0) }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess",
        [FieldSchema(1, "rejected_spans", .int64), FieldSchema(2, "error_message", .string)])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x08: rejectedSpans = Int64(bitPattern: try reader.varint())
            case 0x12: errorMessage = try reader.string()
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependString(errorMessage, key: 0x12)
        writer.prependVarint(UInt64(bitPattern: rejectedSpans), key: 0x08)
    }
}
