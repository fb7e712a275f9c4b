import ProtoWire
import SpanMerge
import SpanModel

/// An attribute's key with its place: of a span, or of its resource.
public struct AttributeKey: Sendable, Hashable, Comparable {
    /// Whose attribute it is.
    public var owner: SpanConditions.AttributeEquality.Owner
    /// The key itself, such as `http.route`.
    public var key: ExactText

    public init(_ owner: SpanConditions.AttributeEquality.Owner, _ key: ExactText) {
        self.owner = owner
        self.key = key
    }

    /// Attributes of spans first, then by key (bytes).
    public static func < (left: AttributeKey, right: AttributeKey) -> Bool {
        left.owner == right.owner ? left.key.order(right.key) < 0 : left.owner == .span
    }

    /// The attribute's value in a span, `empty` for an attribute without one; `nil` where the span does not have it.
    func value(in merged: MergedSpan) -> AttributeValue? {
        let attributes = owner == .span ? merged.span.attributes : merged.origin.resource?.attributes ?? []
        return attributes.last(where: { key.isKey(of: $0) }).map { $0.value?.plain ?? .empty }
    }
}

/// How many spans have an attribute.
public struct AttributeKeySummary: Sendable, Hashable {
    /// Whose attribute, and its name.
    public var key: AttributeKey
    /// Merged spans that have it, whatever its value.
    public var spans: UInt64

    public init(_ key: AttributeKey, spans: UInt64 = 0) {
        self.key = key
        self.spans = spans
    }
}

/// How many spans have an attribute with one value.
public struct AttributeValueSummary: Sendable, Hashable {
    /// Arrays and maps are one value.
    public var value: AttributeValue
    /// Merged spans that have it.
    public var spans: UInt64

    public init(_ value: AttributeValue, spans: UInt64) {
        self.value = value
        self.spans = spans
    }

    /// The most frequent first, then by the bytes of the encoded value.
    static func precedes(_ left: AttributeValueSummary, _ right: AttributeValueSummary) -> Bool {
        left.spans == right.spans
            ? byteOrder(left.value.canonicalBytes, right.value.canonicalBytes) < 0 : left.spans > right.spans
    }
}

extension AttributeValue {
    /// Equal exactly where the values are, byte for byte.
    var canonicalBytes: [UInt8] {
        Resource(attributes: [Attribute("", self)]).encoded()
    }
}
