import ProtoWire

extension AttributeValue: WireMessage {
    public init() { self = .empty }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.common.v1.AnyValue",
        [
            FieldSchema(1, "string_value", .string, oneof: "value"),
            FieldSchema(2, "bool_value", .bool, oneof: "value"),
            FieldSchema(3, "int_value", .int64, oneof: "value"),
            FieldSchema(4, "double_value", .double, oneof: "value"),
            FieldSchema(5, "array_value", .message { arraySchema }, oneof: "value"),
            FieldSchema(6, "kvlist_value", .message { keyValueListSchema }, oneof: "value"),
            FieldSchema(7, "bytes_value", .bytes, oneof: "value"),
            FieldSchema(8, "string_value_strindex", .int32, oneof: "value"),
        ])

    /// Schema of the message around the elements of `.array`: `ArrayValue`.
    public static let arraySchema: MessageSchema = .init(
        "opentelemetry.proto.common.v1.ArrayValue",
        [FieldSchema(1, "values", .message { AttributeValue.schema }, repeated: true)])

    /// Schema of the message around the attributes of `.keyValueList`: `KeyValueList`.
    public static let keyValueListSchema: MessageSchema = .init(
        "opentelemetry.proto.common.v1.KeyValueList",
        [FieldSchema(1, "values", .message { Attribute.schema }, repeated: true)])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        if case .empty = self, reader.takeSoleKey(0x0A) {
            self = try Self.string(&reader)
        } else {
            try mergeFields(from: &reader)
        }
    }

    /// Reads `string_value`; returns `.bytes` when the policy is to repair and the string is not UTF-8.
    private static func string(_ reader: inout WireReader) throws(WireError) -> AttributeValue {
        var invalid: [UInt8] = []
        guard let text = try reader.string(orInvalidBytes: &invalid) else { return .bytes(invalid) }
        return .string(text)
    }

    private mutating func mergeFields(from reader: inout WireReader) throws(WireError) {
        var value = self
        var unknown = UnknownFields()
        var listUnknown = UnknownFields()
        if case .extended(let inner, let fields, let listFields) = self {
            (value, unknown, listUnknown) = (inner, fields, listFields)
        }
        // A second owner would make each fragment of a split value copy all fragments before it.
        self = .empty
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: value = try Self.string(&reader)
            case 0x10: value = .bool(try reader.varint() != 0)
            case 0x18: value = .int(Int64(bitPattern: try reader.varint()))
            case 0x21: value = .double(Double(bitPattern: try reader.fixed64()))
            case 0x2A:
                // The same member of the oneof again is merged into, another one is replaced.
                var elements: [AttributeValue] = []
                if case .array(let earlier) = value { elements = earlier } else { listUnknown = UnknownFields() }
                value = .empty
                try reader.mergeList(&elements, &listUnknown)
                value = .array(elements)
            case 0x32:
                var attributes: [Attribute] = []
                if case .keyValueList(let earlier) = value {
                    attributes = earlier
                } else {
                    listUnknown = UnknownFields()
                }
                value = .empty
                try reader.mergeList(&attributes, &listUnknown)
                value = .keyValueList(attributes)
            case 0x3A: value = .bytes(try reader.byteArray())
            case 0x40: value = .stringIndex(Int32(truncatingIfNeeded: try reader.varint()))
            default: try reader.unknownField(key, into: &unknown)
            }
        }
        switch value {
        case .array, .keyValueList: break
        default: listUnknown = UnknownFields()
        }
        self =
            unknown.isEmpty && listUnknown.isEmpty
            ? value : .extended(value, unknownFields: unknown, listUnknownFields: listUnknown)
    }

    public func encode(to writer: inout WireWriter) {
        switch self {
        case .empty: break
        case .string(let value): writer.prependPresentString(value, key: 0x0A)
        case .bool(let value): writer.prependPresentVarint(value ? 1 : 0, key: 0x10)
        case .int(let value): writer.prependPresentVarint(UInt64(bitPattern: value), key: 0x18)
        case .double(let value): writer.prependPresentFixed64(value.bitPattern, key: 0x21)
        case .array(let values): writer.prependList(values, UnknownFields(), key: 0x2A)
        case .keyValueList(let attributes): writer.prependList(attributes, UnknownFields(), key: 0x32)
        case .bytes(let value): writer.prependPresentBytes(value, key: 0x3A)
        case .stringIndex(let value):
            writer.prependPresentVarint(UInt64(bitPattern: Int64(value)), key: 0x40)
        case .extended(let value, let unknownFields, let listUnknownFields):
            writer.prependUnknown(unknownFields)
            switch value {
            case .array(let values): writer.prependList(values, listUnknownFields, key: 0x2A)
            case .keyValueList(let attributes): writer.prependList(attributes, listUnknownFields, key: 0x32)
            default: value.encode(to: &writer)
            }
        }
    }
}

extension WireWriter {
    /// Prepends an `ArrayValue` or a `KeyValueList`: messages in field 1.
    mutating func prependList<Element: WireMessage>(
        _ elements: [Element], _ unknownFields: UnknownFields, key: UInt32
    ) {
        let mark = count
        prependUnknown(unknownFields)
        prependMessages(elements, key: 0x0A)
        prependLength(since: mark, key: key)
    }
}

extension WireReader {
    /// Reads an `ArrayValue`, whose values stand in field 1, and appends its values.
    mutating func mergeList(
        _ elements: inout [AttributeValue], _ unknownFields: inout UnknownFields
    ) throws(WireError) {
        let outerEnd = try enterMessage()
        while let key = try nextKey() {
            if key.rawValue == 0x0A {
                try messages(0x0A, into: &elements)
            } else {
                try unknownField(key, into: &unknownFields)
            }
        }
        leaveMessage(outerEnd)
    }

    /// Reads a `KeyValueList`, whose attributes stand in field 1, and appends its attributes.
    mutating func mergeList(
        _ elements: inout [Attribute], _ unknownFields: inout UnknownFields
    ) throws(WireError) {
        let outerEnd = try enterMessage()
        while let key = try nextKey() {
            if key.rawValue == 0x0A {
                try attributes(0x0A, into: &elements)
            } else {
                try unknownField(key, into: &unknownFields)
            }
        }
        leaveMessage(outerEnd)
    }
}

extension Attribute: WireMessage {
    public init() { self.init("", nil) }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.common.v1.KeyValue",
        [
            FieldSchema(1, "key", .string),
            FieldSchema(2, "value", .message { AttributeValue.schema }),
            FieldSchema(3, "key_strindex", .int32),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: self.key = try reader.string()
            case 0x12: try reader.merge(&value)
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        if let value { writer.prependMessage(value, key: 0x12) }
        writer.prependString(key, key: 0x0A)
    }

    /// Encodes the attribute as a field. A short string or number under a key, without unknown fields, is written in
    /// one step.
    public func encode(to writer: inout WireWriter, key fieldKey: UInt32) {
        if unknownFields.isEmpty, !key.isEmpty, fieldKey < 0x80 {
            let fieldKey = UInt8(truncatingIfNeeded: fieldKey)
            switch value {
            case .string(let text)?: if writer.prependEntry(key, string: text, key: fieldKey) { return }
            case .int(let number)?:
                let bits = UInt64(bitPattern: number)
                if writer.prependEntry(key, varint: bits, member: 0x18, key: fieldKey) { return }
            case .bool(let flag)?:
                if writer.prependEntry(key, varint: flag ? 1 : 0, member: 0x10, key: fieldKey) { return }
            default: break
            }
        }
        let mark = writer.count
        encode(to: &writer)
        writer.prependLength(since: mark, key: fieldKey)
    }

    /// Index of the key in a string table (`key_strindex`, field 3), found in the unknown fields; 0 when it is absent.
    /// It has no meaning in a span.
    public var keyStringIndex: Int32 {
        guard !unknownFields.isEmpty else { return 0 }
        let bytes = unknownFields.bytes
        guard var reader = try? WireReader(bytes.rawSpan) else { return 0 }
        var index: Int32 = 0
        while let key = try? reader.nextKey() {
            if key.rawValue == 0x18, let value = try? reader.varint() {
                index = Int32(truncatingIfNeeded: value)
            } else if (try? reader.skip(key)) == nil {
                break
            }
        }
        return index
    }
}
