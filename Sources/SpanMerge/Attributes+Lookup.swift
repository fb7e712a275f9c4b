import ProtoWire
import SpanModel

extension Resource {
    /// Returns the string value of an attribute; `nil` when it is absent or not a string. The last one counts when
    /// there are several.
    package func text(_ key: String) -> String? { attributes.text(key) }
}

extension [Attribute] {
    /// Returns the string value of an attribute; `nil` when it is absent or not a string. The last one counts when
    /// there are several.
    package func text(_ key: String) -> String? {
        guard case .string(let text)? = value(key) else { return nil }
        return text
    }

    /// Returns the value of an attribute without unknown fields around it; `nil` when it is absent. The last one counts
    /// when there are several.
    package func value(_ key: String) -> AttributeValue? {
        last { $0.key.hasSameBytes(as: key) }?.value?.plain
    }
}
