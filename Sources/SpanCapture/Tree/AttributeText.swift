import ProtoWire
import SpanModel

/// Text of attribute values and unknown fields on one line.
public enum AttributeText {
    /// Returns a value as text that is safe to show: strings quoted, bytes as hexadecimal digits, lists in brackets.
    public static func text(_ value: AttributeValue) -> String {
        switch value {
        case .empty: "(no value)"
        case .string(let text): TerminalText.quoted(text)
        case .bool(let value): String(value)
        case .int(let value): String(value)
        case .double(let value): value.description
        case .array(let values): "[" + values.map(text).joined(separator: ", ") + "]"
        case .keyValueList(let attributes): "{" + attributes.map(text).joined(separator: ", ") + "}"
        case .bytes(let bytes): self.text(bytes)
        case .stringIndex(let index): "(string table index \(index))"
        case .extended(let value, let fields, let listFields):
            text(value) + note(fields) + note(listFields)
        }
    }

    /// Returns a value as text like `text(_:)`, but with all bytes of byte values, so that no two values have the same
    /// text.
    package static func whole(_ value: AttributeValue) -> String {
        switch value {
        case .bytes(let bytes): (bytes.isEmpty ? "" : bytes.hex + " ") + "(\(count(bytes.count, "byte")))"
        case .array(let values): "[" + values.map(whole).joined(separator: ", ") + "]"
        case .keyValueList(let attributes):
            "{"
                + attributes.map { attribute in
                    let value = attribute.value.map(whole) ?? "(absent)"
                    return NameText.key(attribute.key) + ": " + value + note(attribute.unknownFields)
                }.joined(separator: ", ") + "}"
        case .extended(let value, let fields, let listFields): whole(value) + note(fields) + note(listFields)
        default: text(value)
        }
    }

    /// Returns an attribute as `key: value`, the key in quotes where it could be taken for something else.
    public static func text(_ attribute: Attribute) -> String {
        let value = attribute.value.map(text) ?? "(absent)"
        return NameText.key(attribute.key) + ": " + value + note(attribute.unknownFields)
    }

    /// Returns bytes as `0a0b0c (3 bytes)`; of more than 64 bytes the first ones.
    public static func text(_ bytes: [UInt8]) -> String {
        let shown = [UInt8](bytes.prefix(64)).hex + (bytes.count > 64 ? "…" : "")
        return (shown.isEmpty ? "" : shown + " ") + "(\(count(bytes.count, "byte")))"
    }

    /// Returns `unknown fields 99, 1005: 12 bytes`; `nil` when there are none.
    public static func unknownFields(_ fields: UnknownFields) -> String? {
        guard !fields.isEmpty else { return nil }
        let bytes = fields.bytes
        var numbers: [UInt32] = []
        let options = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))
        if var reader = try? WireReader(bytes.rawSpan, options: options) {
            while let key = try? reader.nextKey() {
                if !numbers.contains(key.number) && numbers.count < 10 { numbers.append(key.number) }
                guard (try? reader.skip(key)) != nil else { break }
            }
        }
        let list = numbers.map(String.init).joined(separator: ", ")
        return "unknown \(numbers.count == 1 ? "field" : "fields") \(list): \(count(bytes.count, "byte"))"
    }

    /// Returns a number with a noun: `1 span`, `2 spans`.
    public static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private static func note(_ fields: UnknownFields) -> String {
        unknownFields(fields).map { " (\($0))" } ?? ""
    }
}
