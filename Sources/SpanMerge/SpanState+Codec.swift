import ProtoWire
import SpanModel

extension SpanState: WireMessage {
    public init() {
        live = nil
        ended = nil
        unknownFields = UnknownFields()
    }

    public static let schema: MessageSchema = .init(
        "spanwire.storage.v1.SpanState",
        [
            FieldSchema(1, "live", .message { SpanPart.schema }),
            FieldSchema(2, "ended", .message { SpanPart.schema }),
        ])

    /// Options for decoding stored states. They nest up to three messages deeper than the reports, whose depth was
    /// limited on receipt.
    public static let decodeOptions = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A:
                var inner = live ?? SpanPart()
                try reader.merge(&inner)
                live = inner
            case 0x12:
                var inner = ended ?? SpanPart()
                try reader.merge(&inner)
                ended = inner
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        if let ended { writer.prependMessage(ended, key: 0x12) }
        if let live { writer.prependMessage(live, key: 0x0A) }
    }
}

extension SpanPart: WireMessage {
    public init() {
        span = SpanRecord()
        origin = .unknown
        farEnd = nil
        unknownFields = UnknownFields()
    }

    public static let schema: MessageSchema = .init(
        "spanwire.storage.v1.SpanPart",
        [
            FieldSchema(1, "span", .message { SpanRecord.schema }),
            FieldSchema(2, "origin", .message { SpanOrigin.schema }),
            FieldSchema(3, "far_end", .message { FarEnd.schema }),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: try reader.merge(&span)
            case 0x12:
                var inner = origin.origin
                try reader.merge(&inner)
                origin = SharedOrigin(canonical: inner)
            case 0x1A:
                var (far, origin, unknown) = (
                    farEnd?.span ?? SpanRecord(), farEnd?.origin ?? SpanOrigin(),
                    farEnd?.unknownFields ?? UnknownFields()
                )
                let outerEnd = try reader.enterMessage()
                while let key = try reader.nextKey() {
                    switch key.rawValue {
                    case 0x0A: try reader.merge(&far)
                    case 0x12: try reader.merge(&origin)
                    default: try reader.unknownField(key, into: &unknown)
                    }
                }
                reader.leaveMessage(outerEnd)
                farEnd = FarEnd(span: far, origin: origin, unknownFields: unknown)
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        if let farEnd {
            let mark = writer.count
            farEnd.encode(to: &writer)
            writer.prependLength(since: mark, key: 0x1A)
        }
        if !origin.bytes.isEmpty {
            writer.prependBytes(origin.bytes, key: 0x12)
        }
        writer.prependMessage(span, key: 0x0A)
    }
}

extension FarEnd {
    static let schema: MessageSchema = .init(
        "spanwire.storage.v1.SpanFarEnd",
        [
            FieldSchema(1, "span", .message { SpanRecord.schema }),
            FieldSchema(2, "origin", .message { SpanOrigin.schema }),
        ])

    func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        if !origin.isUnknown { writer.prependMessage(origin, key: 0x12) }
        let mark = writer.count
        span.encode(to: &writer)
        if writer.count > mark { writer.prependLength(since: mark, key: 0x0A) }
    }
}

extension SpanState {
    /// Encodes the state without the origins of its parts, for an engine that keeps them apart; see
    /// `setOrigins(live:ended:)`.
    public func encodeWithoutOrigins(to writer: inout WireWriter) {
        var bare = self
        bare.setOrigins(live: .unknown, ended: .unknown)
        bare.encode(to: &writer)
    }
}
