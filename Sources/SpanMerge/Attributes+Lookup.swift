import ProtoWire
import SpanModel

extension Resource {
    /// The text of an attribute, `nil` when it is absent or no string. Of several, the last.
    package func text(_ key: String) -> String? { attributes.text(key) }
}

extension [Attribute] {
    /// The text of an attribute, `nil` when it is absent or no string. Of several, the last.
    package func text(_ key: String) -> String? {
        guard case .string(let text)? = value(key) else { return nil }
        return text
    }

    /// The value of an attribute without what stands around it, `nil` when it is absent. Of several, the last.
    package func value(_ key: String) -> AttributeValue? {
        last { $0.key.hasSameBytes(as: key) }?.value?.plain
    }
}
