import ProtoWire
import SpanModel
import SpanSession

extension SpanTreePrinter {
    /// Prints any message: spans as spans, everything else field by field, by its schema.
    public mutating func print(_ captured: CapturedMessage) {
        guard captured.spanCount == nil else { return printSpans(of: captured) }
        let bytes = captured.message.encoded()
        let options = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))
        if bytes.isEmpty { line("(no fields)") }
        if var reader = try? WireReader(bytes.rawSpan, options: options) {
            try? printFields(&reader, captured.type.schema)
        }
    }

    /// Prints the fields of a batch besides its spans.
    mutating func printHead(of batch: Batch) {
        line("sequence \(batch.sequence)")
        for drop in batch.dropped {
            line(
                "dropped by the sender: \(AttributeText.count(Int(clamping: drop.spans), "span")), "
                    + quoted(drop.reason, behind: 44))
            indented { $0.unknown(drop.unknownFields) }
        }
    }

    /// Prints the fields of a message that this package's encoder wrote, so that nothing can fail but the depth.
    private mutating func printFields(_ reader: inout WireReader, _ schema: MessageSchema) throws(WireError) {
        while let key = try reader.nextKey() {
            let field = schema.field(key.number)
            let start = reader.offset
            switch (field?.type, key.wireType) {
            case (.message(let inner)?, .lengthDelimited):
                line(field?.name ?? "")
                let outerEnd = try reader.enterMessage()
                depthChanged(by: 1)
                try printFields(&reader, inner())
                depthChanged(by: -1)
                reader.leaveMessage(outerEnd)
            case (.some(let type), .some(let wireType)) where type.wireType == wireType:
                let name = field?.name ?? ""
                line("\(name): " + fitted(try Self.text(field, type, &reader), behind: name.utf8.count + 2))
            case (.some(let type), .lengthDelimited) where field?.isRepeated == true:
                let values = try reader.rawBytes()
                var inner = try WireReader(values)
                var texts: [String] = []
                while inner.offset < values.byteCount { texts.append(try Self.text(field, type, &inner)) }
                let name = field?.name ?? ""
                line("\(name): " + fitted(texts.joined(separator: ", "), behind: name.utf8.count + 2))
            default:
                try reader.skip(key)
                line("unknown field \(key.number): \(AttributeText.count(reader.offset - start, "byte"))")
            }
        }
    }

    private static func text(
        _ field: FieldSchema?, _ type: FieldType, _ reader: inout WireReader
    ) throws(WireError) -> String {
        switch type {
        case .string:
            let text = try reader.string()
            // Trees are pasted into issues.
            if field?.name == "bearer_token" { return "(\(AttributeText.count(text.utf8.count, "byte")), not shown)" }
            return TerminalText.quoted(text)
        case .bytes: return AttributeText.text(try reader.byteArray())
        case .double: return Double(bitPattern: try reader.fixed64()).description
        case .fixed32: return String(try reader.fixed32())
        case .fixed64: return String(try reader.fixed64())
        case .uint32: return String(UInt32(truncatingIfNeeded: try reader.varint()))
        case .uint64: return String(try reader.varint())
        case .int32: return String(Int32(truncatingIfNeeded: try reader.varint()))
        case .int64: return String(Int64(bitPattern: try reader.varint()))
        case .bool: return String(try reader.varint() != 0)
        case .enumeration(let schema):
            let number = Int32(truncatingIfNeeded: try reader.varint())
            return schema.name(of: number).map { "\($0) (\(number))" } ?? String(number)
        case .message: return ""
        }
    }
}
