import ProtoWire

/// How JSON text is laid out.
public enum JSONStyle: Sendable, Hashable {
    /// On one line, without spaces.
    case compact
    /// A line for each value, indented by two spaces.
    case pretty
}

/// Writes messages of one type as JSON: OTLP's JSON mapping, which is protobuf's with hexadecimal ids and numeric enums.
///
/// Works on the encoded form by the message's schema, so that every message with a codec has its JSON without code of
/// its own: what the encoder writes is canonical (no default values, no split messages, one member of a oneof), and that
/// is what the mapping prints. Fields that the schema does not name are not printed.
///
/// Source: OTLP specification, "JSON Protobuf Encoding"; protobuf language guide, "ProtoJSON Format".
public struct JSONPrinter: Sendable {
    private let plan: JSONPlan
    private let style: JSONStyle

    /// - Parameter schema: of the messages that are going to be printed. Laid out once; keep the printer for many.
    public init(_ schema: MessageSchema, style: JSONStyle = .compact) {
        plan = JSONPlan.of(schema)
        self.style = style
    }

    /// Writes one message. No newline at the end.
    ///
    /// - Throws: `too_deep` when the message holds more than 500 messages inside each other.
    public func print(_ message: any WireMessage, to output: inout ByteOutput) throws(WireError) {
        var writer = WireWriter(capacity: 64 << 10)
        message.encode(to: &writer)
        try print(canonical: writer.bytes, to: &output)
    }

    /// Writes one message given by the bytes of our own encoder.
    private func print(canonical bytes: RawSpan, to output: inout ByteOutput) throws(WireError) {
        var reader = try WireReader(
            bytes, options: DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max)))
        try printMessage(0, &reader, &output, depth: 0)
    }

    private func printMessage(
        _ place: Int, _ reader: inout WireReader, _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        output.append(UInt8(ascii: "{"))
        var isFirst = true
        var openList: UInt32 = 0
        var keptRaw: (place: Int, value: UInt64)?
        while let key = try reader.nextKey() {
            guard let fieldPlace = plan.place(of: key.number, in: place) else {
                try reader.skip(key)
                continue
            }
            let field = plan.fields[fieldPlace]
            let isPacked = field.isRepeated && key.wireType == .lengthDelimited && field.wireType != .lengthDelimited
            guard key.wireType == field.wireType || isPacked else {
                try reader.skip(key)
                continue
            }
            if field.isKeptRaw {
                keptRaw = (fieldPlace, try reader.varint())
                continue
            }
            if openList == field.number {
                if !isPacked { separate(&output, isFirst: false, depth: depth + 2) }
            } else {
                if openList != 0 { closeList(&output, depth: depth + 1) }
                openList = field.isRepeated ? field.number : 0
                label(field, &output, isFirst: isFirst, depth: depth + 1)
                if field.isRepeated {
                    output.append(UInt8(ascii: "["))
                    if !isPacked { separate(&output, isFirst: true, depth: depth + 2) }
                }
            }
            isFirst = false
            if isPacked {
                try printPacked(field, &reader, &output, depth: depth + 2)
            } else {
                try printValue(field, &reader, &output, depth: depth + (field.isRepeated ? 2 : 1))
            }
        }
        if openList != 0 { closeList(&output, depth: depth + 1) }
        if let keptRaw, Int32(truncatingIfNeeded: keptRaw.value) != 0 {
            label(plan.fields[keptRaw.place], &output, isFirst: isFirst, depth: depth + 1)
            output.appendDecimal(Int64(Int32(truncatingIfNeeded: keptRaw.value)))
            isFirst = false
        }
        if !isFirst { newline(&output, depth: depth) }
        output.append(UInt8(ascii: "}"))
    }

    private func printPacked(
        _ field: JSONPlan.Field, _ reader: inout WireReader, _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        let values = try reader.rawBytes()
        var inner = try WireReader(values)
        while inner.offset < values.byteCount {
            separate(&output, isFirst: inner.offset == 0, depth: depth)
            try printValue(field, &inner, &output, depth: depth)
        }
    }

    private func printValue(
        _ field: JSONPlan.Field, _ reader: inout WireReader, _ output: inout ByteOutput, depth: Int
    ) throws(WireError) {
        switch field.form {
        case .message(let inner):
            let outerEnd = try reader.enterMessage()
            try printMessage(inner, &reader, &output, depth: depth)
            reader.leaveMessage(outerEnd)
        case .string: output.appendJSONString(try reader.rawBytes())
        case .hex: output.appendJSONHex(try reader.rawBytes())
        case .base64: output.appendJSONBase64(try reader.rawBytes())
        case .double: output.appendJSON(Double(bitPattern: try reader.fixed64()))
        case .fixed32: output.appendDecimal(UInt64(try reader.fixed32()))
        case .uint32: output.appendDecimal(UInt64(UInt32(truncatingIfNeeded: try reader.varint())))
        case .int32, .enumeration: output.appendDecimal(Int64(Int32(truncatingIfNeeded: try reader.varint())))
        case .bool:
            if try reader.varint() != 0 { output.append(ascii: "true") } else { output.append(ascii: "false") }
        case .fixed64:
            output.append(UInt8(ascii: "\""))
            output.appendDecimal(try reader.fixed64())
            output.append(UInt8(ascii: "\""))
        case .uint64:
            output.append(UInt8(ascii: "\""))
            output.appendDecimal(try reader.varint())
            output.append(UInt8(ascii: "\""))
        case .int64:
            output.append(UInt8(ascii: "\""))
            output.appendDecimal(Int64(bitPattern: try reader.varint()))
            output.append(UInt8(ascii: "\""))
        }
    }

    // MARK: Layout

    private func label(_ field: JSONPlan.Field, _ output: inout ByteOutput, isFirst: Bool, depth: Int) {
        separate(&output, isFirst: isFirst, depth: depth)
        output.append(copying: plan.labels.rawSpan.extracting(field.labelStart..<field.labelEnd))
        if style == .pretty { output.append(UInt8(ascii: " ")) }
    }

    private func separate(_ output: inout ByteOutput, isFirst: Bool, depth: Int) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        newline(&output, depth: depth)
    }

    private func closeList(_ output: inout ByteOutput, depth: Int) {
        newline(&output, depth: depth)
        output.append(UInt8(ascii: "]"))
    }

    private func newline(_ output: inout ByteOutput, depth: Int) {
        guard style == .pretty else { return }
        output.append(UInt8(ascii: "\n"))
        for _ in 0..<depth { output.append(ascii: "  ") }
    }
}

extension WireMessage {
    /// The message as JSON text. For large messages and for many see `JSONPrinter`.
    ///
    /// - Throws: `too_deep` when the message holds more than 500 messages inside each other.
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

/// Where the closure of `json(style:)` puts the chunks.
private final class JSONTextBox {
    var bytes: [UInt8] = []
}
