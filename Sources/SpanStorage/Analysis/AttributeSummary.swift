import ProtoWire
import SpanMerge
import SpanModel

/// Key of an attribute together with its owner: a span, or the resource of a span.
public struct AttributeKey: Sendable, Hashable, Comparable {
    /// Owner of the attribute: the span or its resource.
    public var owner: SpanConditions.AttributeEquality.Owner
    /// Key of the attribute, such as `http.route`.
    public var key: ExactText

    /// Creates the key `key` of attributes that `owner` has.
    public init(_ owner: SpanConditions.AttributeEquality.Owner, _ key: ExactText) {
        self.owner = owner
        self.key = key
    }

    /// Orders attributes of spans before those of resources, then by key (bytes).
    public static func < (left: AttributeKey, right: AttributeKey) -> Bool {
        left.owner == right.owner ? left.key.order(right.key) < 0 : left.owner == .span
    }

    /// Returns the attribute's value in a span: `empty` for an attribute without a value, `nil` when the span does not
    /// have the attribute.
    func value(in merged: MergedSpan) -> AttributeValue? {
        let attributes = owner == .span ? merged.span.attributes : merged.origin.resource?.attributes ?? []
        return attributes.last(where: { key.isKey(of: $0) }).map { $0.value?.plain ?? .empty }
    }
}

/// Number of spans that have an attribute.
public struct AttributeKeySummary: Sendable, Hashable {
    /// Key of the attribute and its owner.
    public var key: AttributeKey
    /// Number of merged spans that have the attribute, whatever its value.
    public var spans: UInt64

    /// Creates the summary of the attribute `key`.
    public init(_ key: AttributeKey, spans: UInt64 = 0) {
        self.key = key
        self.spans = spans
    }
}

/// Number of spans that have an attribute with one particular value.
public struct AttributeValueSummary: Sendable, Hashable {
    /// Value of the attribute; an array or a map counts as one value.
    public var value: AttributeValue
    /// Number of merged spans that have the attribute with this value.
    public var spans: UInt64

    /// Creates the summary of `value`.
    public init(_ value: AttributeValue, spans: UInt64) {
        self.value = value
        self.spans = spans
    }

    /// Returns `true` when `left` comes first: the more frequent value, then the lesser bytes of the encoded value.
    static func precedes(_ left: AttributeValueSummary, _ right: AttributeValueSummary) -> Bool {
        left.spans == right.spans
            ? byteOrder(left.value.canonicalBytes, right.value.canonicalBytes) < 0 : left.spans > right.spans
    }
}

extension AttributeValue {
    /// Encoded form of the value; two values are equal exactly when these bytes are.
    var canonicalBytes: [UInt8] {
        Resource(attributes: [Attribute("", self)]).encoded()
    }
}
