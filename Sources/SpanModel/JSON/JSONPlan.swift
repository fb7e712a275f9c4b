import ProtoWire

/// A schema and all schemas below it, laid out for printing: names ready as JSON text, messages by index.
struct JSONPlan: Sendable {
    /// How a field's value is written.
    enum Form: Sendable {
        case double, fixed32, fixed64, uint32, uint64, int32, int64, bool, enumeration, string, base64, hex
        /// A message, by its place in `JSONPlan.messages`.
        case message(Int)
    }

    struct Field: Sendable {
        let number: UInt32
        /// `"resourceSpans":`, the space of the pretty form not included.
        let label: [UInt8]
        let form: Form
        let wireType: WireType
        let isRepeated: Bool
        /// The decoder keeps the field among the unknown ones, where it may stand several times or hold the default.
        let isKeptRaw: Bool
    }

    struct Message: Sendable {
        var fields: [Field] = []
        /// For field numbers 0 to 31 the place in `fields`, or -1.
        var places = [Int](repeating: -1, count: 32)

        func place(of number: UInt32) -> Int? {
            if number < 32 {
                let place = places[Int(number)]
                return place < 0 ? nil : place
            }
            return fields.firstIndex { $0.number == number }
        }
    }

    /// The outermost message comes first.
    private(set) var messages: [Message] = []

    init(_ schema: MessageSchema) {
        var places: [String: Int] = [:]
        _ = add(schema, &places)
    }

    private mutating func add(_ schema: MessageSchema, _ places: inout [String: Int]) -> Int {
        if let place = places[schema.name] { return place }
        let place = messages.count
        places[schema.name] = place
        messages.append(Message())
        var message = Message()
        for field in schema.fields {
            if field.number < 32 { message.places[Int(field.number)] = message.fields.count }
            message.fields.append(
                Field(
                    number: field.number, label: Array("\"\(field.jsonName)\":".utf8),
                    form: form(of: field, in: schema, &places), wireType: field.type.wireType,
                    isRepeated: field.isRepeated, isKeptRaw: field.name == "key_strindex"))
        }
        messages[place] = message
        return place
    }

    private mutating func form(
        of field: FieldSchema, in schema: MessageSchema, _ places: inout [String: Int]
    ) -> Form {
        switch field.type {
        case .double: .double
        case .fixed32: .fixed32
        case .fixed64: .fixed64
        case .uint32: .uint32
        case .uint64: .uint64
        case .int32: .int32
        case .int64: .int64
        case .bool: .bool
        case .enumeration: .enumeration
        case .string: .string
        // The exception that OTLP makes from protobuf's own mapping.
        case .bytes: Self.idFields.contains(field.name) && schema.name.hasPrefix("opentelemetry.") ? .hex : .base64
        case .message(let inner): .message(add(inner(), &places))
        }
    }

    private static let idFields: Set<String> = ["trace_id", "span_id", "parent_span_id"]
}
