import ProtoWire

/// Layout of JSON text.
public enum JSONStyle: Sendable, Hashable {
    /// One line, without spaces.
    case compact
    /// A line for each value, indented by two spaces.
    case pretty
}

/// Prints messages of one type as JSON: OTLP's JSON mapping, which is protobuf's with hexadecimal ids and numeric
/// enums.
///
/// The printer works on the encoded form by the message's schema. So every message with a codec has its JSON without
/// code of its own, and large ones need no memory. The encoded form may be any that decodes: fields in any order,
/// default values, messages in pieces; the text is that of the decoded message. Fields that the schema does not name
/// are not printed.
///
/// Source: OTLP specification, "JSON Protobuf Encoding"; protobuf language guide, "ProtoJSON Format".
public struct JSONPrinter: Sendable {
    let plan: JSONPlan
    let style: JSONStyle

    /// Lays out a schema once; keep the printer for many messages.
    ///
    /// - Parameters:
    ///   - schema: of the messages that are going to be printed. Laid out once; keep the printer for many.
    ///   - style: on one line, or indented.
    public init(_ schema: MessageSchema, style: JSONStyle = .compact) {
        plan = JSONPlan.of(schema)
        self.style = style
    }

    /// Prints one message, without a newline at the end.
    ///
    /// - Throws: `tooDeep` when more than 500 messages are nested.
    public func print(_ message: any WireMessage, to output: inout ByteOutput) throws(WireError) {
        var writer = WireWriter(capacity: 64 << 10)
        message.encode(to: &writer)
        try print(encoded: writer.bytes, to: &output)
    }

    /// Prints one encoded message, without a newline at the end.
    ///
    /// - Parameters:
    ///   - bytes: a valid message; strings are not checked to be UTF-8 again.
    ///   - output: the text that the document is added to.
    /// - Throws: the fault that makes the bytes no message, after a part of it was printed; `tooDeep` when more than
    ///   500 messages are nested.
    public func print(encoded bytes: RawSpan, to output: inout ByteOutput) throws(WireError) {
        var object = openObject(&output)
        var reader = try WireReader(bytes, options: Self.options(maxDepth: 500))
        try printFields(0, &reader, &object, &output, depth: 0)
        closeObject(&object, &output, depth: 0)
    }

    /// State of an object that is printed in parts.
    public struct PartialObject: Sendable {
        var isEmpty = true
        /// Number of the repeated field whose array is open; 0 for none.
        var openList: UInt32 = 0
    }

    /// Starts a message that comes in parts. Each part consists of whole fields, and all parts in their order are the
    /// encoded form. Parts have to come in the order of the fields' numbers.
    public func openObject(_ output: inout ByteOutput) -> PartialObject {
        output.append(UInt8(ascii: "{"))
        return PartialObject()
    }

    /// Prints one part of a message.
    ///
    /// - Throws: the errors of `print(encoded:to:)`.
    public func printPart(
        _ bytes: RawSpan, of object: inout PartialObject, to output: inout ByteOutput
    ) throws(WireError) {
        var reader = try WireReader(bytes, options: Self.options(maxDepth: 500))
        try printFields(0, &reader, &object, &output, depth: 0)
    }

    /// Ends a message that came in parts, without a newline at the end.
    public func closeObject(_ object: inout PartialObject, _ output: inout ByteOutput) {
        closeObject(&object, &output, depth: 0)
    }

    static func options(maxDepth: Int) -> DecodeOptions {
        DecodeOptions(limits: WireLimits(maxDepth: maxDepth, maxPayloadBytes: .max))
    }

    // MARK: Messages

    /// Prints the message that `reader` is in, to its end.
    func printMessage(
        _ place: Int, _ reader: inout WireReader, _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        output.append(UInt8(ascii: "{"))
        var object = PartialObject()
        try printFields(place, &reader, &object, &output, depth: depth)
        closeObject(&object, &output, depth: depth)
    }

    private func printFields(
        _ place: Int, _ reader: inout WireReader, _ object: inout PartialObject, _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        guard try isInOrder(place, reader) else {
            return try printReordered(place, &reader, &object, &output, depth: depth)
        }
        while let key = try reader.nextKey() {
            guard let field = field(key, place) else {
                try reader.skip(key)
                continue
            }
            try printField(field, key, &reader, &object, &output, depth: depth)
        }
    }

    /// Returns the field that a key stands for; `nil` when the schema has no field of that number or it has another
    /// wire type.
    @inline(__always)
    func field(_ key: FieldKey, _ place: Int) -> JSONPlan.Field? {
        guard let fieldPlace = plan.place(of: key.number, in: place) else { return nil }
        let field = plan.fields[fieldPlace]
        guard key.wireType == field.wireType || field.isPacked && key.wireType == .lengthDelimited else { return nil }
        return field
    }

    /// Returns `true` when the fields come in the order of their numbers, singular ones once, as usual encoders write
    /// them.
    private func isInOrder(_ place: Int, _ start: WireReader) throws(WireError) -> Bool {
        var reader = start
        var last: UInt32 = 0
        var oneofs: UInt8 = 0
        while let key = try reader.nextKey() {
            try reader.skip(key)
            // Unknown fields and those of another wire type are not printed, so that their place does not matter.
            guard let field = field(key, place) else { continue }
            if field.number < last || field.number == last && !field.isRepeated { return false }
            if oneofs & field.oneof != 0 { return false }
            oneofs |= field.oneof
            last = field.number
        }
        return true
    }

    /// Prints one field whose key has been read: label and value, or one more element of the open array.
    func printField(
        _ field: JSONPlan.Field, _ key: FieldKey, _ reader: inout WireReader, _ object: inout PartialObject,
        _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        if field.isRepeated {
            if field.isPacked, key.wireType == .lengthDelimited {
                let values = try reader.rawBytes()
                var inner = try WireReader(values)
                while inner.offset < values.byteCount {
                    openElement(field, &object, &output, depth: depth)
                    try printValue(field, try Self.scalar(field, &inner), &output)
                }
                return
            }
            openElement(field, &object, &output, depth: depth)
            if field.wireType == .lengthDelimited {
                try printContent(field, &reader, &output, depth: depth + 2)
            } else {
                try printValue(field, try Self.scalar(field, &reader), &output)
            }
        } else if field.wireType != .lengthDelimited {
            let bits = try Self.scalar(field, &reader)
            guard bits != 0 || field.oneof != 0 else { return }
            label(field, &object, &output, depth: depth)
            try printValue(field, bits, &output)
        } else {
            if !field.isAlwaysPresent, try Self.isEmpty(reader) {
                _ = try reader.rawBytes()
                return
            }
            label(field, &object, &output, depth: depth)
            try printContent(field, &reader, &output, depth: depth + 1)
        }
    }

    /// Returns `true` when the next string or bytes are empty.
    private static func isEmpty(_ reader: WireReader) throws(WireError) -> Bool {
        var reader = reader
        return try reader.length() == 0
    }

    // MARK: Values

    /// Prints the next string, bytes or message, whose length comes next.
    func printContent(
        _ field: JSONPlan.Field, _ reader: inout WireReader, _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        switch field.form {
        case .message(let inner):
            let outerEnd = try reader.enterMessage()
            try printMessage(inner, &reader, &output, depth: depth)
            reader.leaveMessage(outerEnd)
        case .hex: output.appendJSONHex(try reader.rawBytes())
        case .base64: output.appendJSONBase64(try reader.rawBytes())
        default: output.appendJSONString(try reader.rawBytes())
        }
    }

    /// Reads the bits of a scalar, cut off to the width of its type.
    static func scalar(_ field: JSONPlan.Field, _ reader: inout WireReader) throws(WireError) -> UInt64 {
        switch field.form {
        case .double, .fixed64: try reader.fixed64()
        case .fixed32: UInt64(try reader.fixed32())
        case .uint32: UInt64(UInt32(truncatingIfNeeded: try reader.varint()))
        case .int32, .enumeration:
            UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: try reader.varint())))
        case .bool: try reader.varint() != 0 ? 1 : 0
        default: try reader.varint()
        }
    }

    private func printValue(_ field: JSONPlan.Field, _ bits: UInt64, _ output: inout ByteOutput) throws(WireError) {
        switch field.form {
        case .double: output.appendJSON(Double(bitPattern: bits))
        case .int32, .enumeration: output.appendDecimal(Int64(bitPattern: bits))
        case .bool: if bits != 0 { output.append(ascii: "true") } else { output.append(ascii: "false") }
        case .fixed64, .uint64:
            output.append(UInt8(ascii: "\""))
            output.appendDecimal(bits)
            output.append(UInt8(ascii: "\""))
        case .int64:
            output.append(UInt8(ascii: "\""))
            output.appendDecimal(Int64(bitPattern: bits))
            output.append(UInt8(ascii: "\""))
        default: output.appendDecimal(bits)
        }
    }

    // MARK: Layout

    func label(
        _ field: JSONPlan.Field, _ object: inout PartialObject, _ output: inout ByteOutput, depth: Int
    ) {
        if object.openList != 0 { closeList(&object, &output, depth: depth) }
        separate(&output, isFirst: object.isEmpty, depth: depth + 1)
        object.isEmpty = false
        output.append(copying: plan.labels.rawSpan.extracting(field.labelStart..<field.labelEnd))
        if style == .pretty { output.append(UInt8(ascii: " ")) }
    }

    /// Opens the field's array unless it is open, and separates the element from the one before.
    private func openElement(
        _ field: JSONPlan.Field, _ object: inout PartialObject, _ output: inout ByteOutput, depth: Int
    ) {
        let isOpen = object.openList == field.number
        if !isOpen {
            label(field, &object, &output, depth: depth)
            output.append(UInt8(ascii: "["))
            object.openList = field.number
        }
        separate(&output, isFirst: !isOpen, depth: depth + 2)
    }

    private func closeList(_ object: inout PartialObject, _ output: inout ByteOutput, depth: Int) {
        newline(&output, depth: depth + 1)
        output.append(UInt8(ascii: "]"))
        object.openList = 0
    }

    func closeObject(_ object: inout PartialObject, _ output: inout ByteOutput, depth: Int) {
        if object.openList != 0 { closeList(&object, &output, depth: depth) }
        if !object.isEmpty { newline(&output, depth: depth) }
        output.append(UInt8(ascii: "}"))
    }

    private func separate(_ output: inout ByteOutput, isFirst: Bool, depth: Int) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        newline(&output, depth: depth)
    }

    @inline(__always)
    private func newline(_ output: inout ByteOutput, depth: Int) {
        guard style == .pretty else { return }
        output.append(UInt8(ascii: "\n"))
        output.append(repeating: UInt8(ascii: " "), count: 2 * depth)
    }
}

extension WireMessage {
    /// Returns the message as JSON text. For large messages and for many see `JSONPrinter`.
    ///
    /// - Throws: `tooDeep` when more than 500 messages are nested.
    public func json(style: JSONStyle = .compact) throws(WireError) -> String {
        let text = JSONTextBox()
        do {
            var output = ByteOutput { text.bytes.append(contentsOf: $0) }
            try JSONPrinter(Self.schema, style: style).print(self, to: &output)
            output.flush()
        }
        return String(decoding: text.bytes, as: UTF8.self)
    }
}

/// Box in which the closure of `json(style:)` collects the chunks.
private final class JSONTextBox {
    var bytes: [UInt8] = []
}
