import ProtoWire

/// A schema and all schemas below it, laid out for printing and reading: names ready as JSON text, messages by index.
struct JSONPlan: Sendable {
    /// Form in which a field's value is written.
    enum Form: Sendable {
        case double, fixed32, fixed64, uint32, uint64, int32, int64, bool, string, base64, hex
        /// An enum, by its index in `JSONPlan.enums`.
        case enumeration(Int)
        /// A message, by its index in `JSONPlan.messages`.
        case message(Int)

        var isMessage: Bool { if case .message = self { true } else { false } }
    }

    /// A field of the plan. It holds no reference, so that taking one out of the plan is a plain copy.
    struct Field: Sendable {
        let number: UInt32
        /// Key on the wire, with the wire type of a packed field where several values can be.
        let key: UInt32
        let form: Form
        /// Wire type of one value that is not packed.
        let wireType: WireType
        let isRepeated: Bool
        /// Bit of the oneof that the field is a member of, among those of its message; 0 for none.
        let oneof: UInt8
        /// `true` for a field that is printed even when it is empty: a message or a member of a oneof.
        let isAlwaysPresent: Bool
        /// Offset in `labels` of the text `"resourceSpans":`, without the space of the pretty form.
        let labelStart: Int
        let labelEnd: Int

        /// Offset in `labels` of the name without quotes and colon.
        var nameStart: Int { labelStart + 1 }
        var nameCount: Int { labelEnd - labelStart - 3 }

        /// `true` when several values share one key and length.
        var isPacked: Bool { isRepeated && wireType != .lengthDelimited }
    }

    struct Message: Sendable {
        /// Indices of the message's fields in `JSONPlan.fields`.
        var fields: Range<Int> = 0..<0
        /// Index in `JSONPlan.fields` of each field number 0 to 31, or -1.
        var places = [Int](repeating: -1, count: 32)
        /// `true` for a message that holds spans, so that a part of it is worth showing.
        var isContainer = false
        var isSpan = false
    }

    /// Messages of the plan, the outermost one first.
    private(set) var messages: [Message] = []
    /// Fields of all messages; those of one message stand together, in the order of the schema.
    private(set) var fields: [Field] = []
    private(set) var labels: [UInt8] = []
    private(set) var enums: [EnumSchema] = []

    /// Returns the plan of a schema; the plan of spans, which nearly all text holds, is made once.
    static func of(_ schema: MessageSchema) -> JSONPlan {
        schema.name == SpanBatch.schema.name ? spans : JSONPlan(schema)
    }

    private static let spans = JSONPlan(SpanBatch.schema)

    init(_ schema: MessageSchema) {
        var places: [String: Int] = [:]
        _ = add(schema, &places)
    }

    /// Returns the index of a field in `fields`; `nil` when the message has no field of that number.
    func place(of number: UInt32, in message: Int) -> Int? {
        if number < 32 {
            let place = messages[message].places[Int(number)]
            return place < 0 ? nil : place
        }
        return messages[message].fields.first { fields[$0].number == number }
    }

    /// Returns the field's name in JSON.
    func name(of field: Field) -> String {
        String(decoding: labels[field.nameStart..<field.nameStart + field.nameCount], as: UTF8.self)
    }

    private mutating func add(_ schema: MessageSchema, _ places: inout [String: Int]) -> Int {
        if let place = places[schema.name] { return place }
        let place = messages.count
        places[schema.name] = place
        messages.append(Message())
        // Messages below come first, so that the fields of this one stand behind each other.
        var forms: [Form] = []
        for field in schema.fields { forms.append(form(of: field, in: schema, &places)) }
        var message = Message()
        message.isSpan = schema.name == SpanRecord.schema.name
        message.isContainer = place == 0 || Self.containers.contains(schema.name)
        message.fields = fields.count..<fields.count + schema.fields.count
        var oneofs: [String] = []
        for (field, form) in zip(schema.fields, forms) {
            if field.number < 32 { message.places[Int(field.number)] = fields.count }
            var oneof: UInt8 = 0
            if let name = field.oneof {
                let index = oneofs.firstIndex(of: name) ?? oneofs.count
                if index == oneofs.count { oneofs.append(name) }
                oneof = 1 << UInt8(index)
            }
            let labelStart = labels.count
            labels += Array("\"\(field.jsonName)\":".utf8)
            let wireType = field.type.wireType
            let keyType = field.isRepeated ? .lengthDelimited : wireType
            fields.append(
                Field(
                    number: field.number, key: FieldKey(field.number, keyType).rawValue, form: form,
                    wireType: wireType, isRepeated: field.isRepeated, oneof: oneof,
                    isAlwaysPresent: oneof != 0 || form.isMessage, labelStart: labelStart, labelEnd: labels.count))
        }
        messages[place] = message
        return place
    }

    private mutating func form(
        of field: FieldSchema, in schema: MessageSchema, _ places: inout [String: Int]
    ) -> Form {
        switch field.type {
        case .double: return .double
        case .fixed32: return .fixed32
        case .fixed64: return .fixed64
        case .uint32: return .uint32
        case .uint64: return .uint64
        case .int32: return .int32
        case .int64: return .int64
        case .bool: return .bool
        case .enumeration(let inner):
            enums.append(inner)
            return .enumeration(enums.count - 1)
        case .string: return .string
        // The exception that OTLP makes from protobuf's own mapping.
        case .bytes:
            return Self.idFields.contains(field.name) && schema.name.hasPrefix("opentelemetry.") ? .hex : .base64
        case .message(let inner): return .message(add(inner(), &places))
        }
    }

    private static let idFields: Set<String> = ["trace_id", "span_id", "parent_span_id"]

    private static let containers: Set<String> = [ResourceSpans.schema.name, ScopeSpans.schema.name]
}
