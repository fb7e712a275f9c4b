import ProtoWire
import SpanModel

/// Correct spelling of a key that is nearly one of the schema's: OTLP/JSON has lowerCamelCase alone.
enum KeyHint {
    /// Returns `resource_spans is spelled resourceSpans`, and so on for each key that is nearly one of the schema's;
    /// empty when none is.
    static func words(for keys: [String], in type: MessageType) -> String {
        let names = names(of: type.schema)
        let hints: [String] = keys.compactMap { key in
            guard let name = names[folded(key)], name != key else { return nil }
            return "\(TerminalText.escaped(key)) is spelled \(name)"
        }
        guard !hints.isEmpty else { return "" }
        return hints.joined(separator: ", ") + " in OTLP/JSON"
    }

    /// Returns the letters and digits of a key in lower case, which two spellings of it share.
    static func folded(_ key: String) -> String {
        String(
            decoding: key.utf8.compactMap { byte -> UInt8? in
                switch byte {
                case UInt8(ascii: "_"), UInt8(ascii: "-"): nil
                case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 0x20
                default: byte
                }
            }, as: UTF8.self)
    }

    /// Returns every key of a message and of the messages in it, by its folded spelling.
    private static func names(of schema: MessageSchema) -> [String: String] {
        var names: [String: String] = [:]
        var seen: Set<String> = []
        var rest = [schema]
        while let schema = rest.popLast() {
            guard seen.insert(schema.name).inserted else { continue }
            for field in schema.fields {
                names[folded(field.jsonName)] = field.jsonName
                if case .message(let inner) = field.type { rest.append(inner()) }
            }
        }
        return names
    }
}
