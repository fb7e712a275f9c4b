import ProtoWire

/// Bytes of messages with every field set, made from a table alone, without the codec under test.
enum SampleFields {
    struct Field {
        var number: UInt32
        var bytes: [UInt8]
    }

    /// A field that no schema has.
    static let stranger: [UInt8] = varint(3000 << 3) + [0x2A]

    /// One sample with all fields in the order of their numbers; where the message has a oneof, one per member.
    static func samples(of schema: MessageSchema) -> [[Field]] {
        let members = schema.fields.filter { $0.oneof != nil }
        if members.isEmpty { return [schema.fields.map(field)] }
        return members.map { member in
            schema.fields.filter { $0.oneof == nil || $0.number == member.number }.map(field)
        }
    }

    private static func field(_ field: FieldSchema) -> Field {
        var value: [UInt8]
        var wireType = field.type.wireType
        switch field.type {
        case .double, .fixed64: value = [1, 2, 3, 4, 5, 6, 7, 8]
        case .fixed32: value = [1, 2, 3, 4]
        case .uint32, .uint64, .int32, .int64, .bool, .enumeration: value = [1]
        case .message: value = [0]
        case .string, .bytes:
            let size =
                switch field.name {
                case "trace_id": 16
                case "span_id", "parent_span_id": 8
                default: 3
                }
            value = [UInt8(size)] + [UInt8](repeating: 0x61, count: size)
        }
        if field.isRepeated, wireType == .varint {
            wireType = .lengthDelimited
            value = [UInt8(value.count)] + value
        }
        return Field(
            number: field.number, bytes: varint(UInt64(field.number) << 3 | UInt64(wireType.rawValue)) + value)
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
