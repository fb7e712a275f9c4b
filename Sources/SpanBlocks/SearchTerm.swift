import ProtoWire
import SpanModel
import SpanStorage

/// What a search can ask a block's filter for, as a hash: a service, a name, an attribute with a value.
///
/// A number is one term whatever its type: 503 and 503.0 are equal in a search.
package enum SearchTerm {
    private static let service: UInt64 = 1
    private static let name: UInt64 = 2
    private static let spanAttribute: UInt64 = 3
    private static let resourceAttribute: UInt64 = 4
    private static let text: UInt64 = 1
    private static let number: UInt64 = 2
    private static let flag: UInt64 = 3
    private static let fraction: UInt64 = 4

    /// Of a service's name, UTF-8.
    package static func service(_ name: RawSpan) -> UInt64 { StableHash.hash(name, seed: service) }

    /// Of a span's name, UTF-8.
    package static func name(_ name: RawSpan) -> UInt64 { StableHash.hash(name, seed: Self.name) }

    /// What must be in a block's filter if one of its spans meets the conditions; all of them.
    package static func terms(of conditions: SpanConditions) -> [UInt64] {
        var terms: [UInt64] = []
        if let service = conditions.service { terms.append(Self.service(Array(service.string.utf8).rawSpan)) }
        if let name = conditions.name { terms.append(Self.name(Array(name.string.utf8).rawSpan)) }
        return terms + attributeTerms(of: conditions)
    }

    /// The same of attributes alone.
    package static func attributeTerms(of conditions: SpanConditions) -> [UInt64] {
        conditions.attributes.compactMap { condition in
            let owner = condition.owner == .span ? spanAttribute : resourceAttribute
            let key = StableHash.hash(condition.key.string, seed: owner)
            return switch condition.value {
            case .text(let value): StableHash.hash(value.string, seed: key ^ text)
            case .flag(let value): StableHash.mix(key ^ flag, value ? 1 : 0)
            case .integer(let value): StableHash.mix(key ^ number, UInt64(bitPattern: value))
            case .decimal(let value): decimal(value, key)
            default: nil
            }
        }
    }

    /// Adds the terms of a span's attributes; none for what compares with nothing.
    static func append(_ attributes: MessageViews<AttributeView>, to terms: inout [UInt64]) throws(WireError) {
        try append(attributes, spanAttribute, to: &terms)
    }

    /// Adds the terms of a resource's attributes.
    static func append(
        resource attributes: MessageViews<AttributeView>, to terms: inout [UInt64]
    ) throws(WireError) {
        try append(attributes, resourceAttribute, to: &terms)
    }

    private static func append(
        _ attributes: MessageViews<AttributeView>, _ owner: UInt64, to terms: inout [UInt64]
    ) throws(WireError) {
        var views = attributes
        while let attribute = try views.next() {
            guard let value = attribute.value else { continue }
            let key = StableHash.hash(attribute.key.utf8, seed: owner)
            if case .array(let elements) = value.content {
                var elements = elements
                while let element = try elements.next() {
                    if let term = term(element.content, key) { terms.append(term) }
                }
            } else if let term = term(value.content, key) {
                terms.append(term)
            }
        }
    }

    private static func term(_ content: borrowing AttributeValueView.Content, _ key: UInt64) -> UInt64? {
        switch content {
        case .string(let value): StableHash.hash(value.utf8, seed: key ^ text)
        case .bool(let value): StableHash.mix(key ^ flag, value ? 1 : 0)
        case .int(let value): StableHash.mix(key ^ number, UInt64(bitPattern: value))
        case .double(let value): decimal(value, key)
        default: nil
        }
    }

    private static func decimal(_ value: Double, _ key: UInt64) -> UInt64? {
        if value.isNaN { return nil }
        if let integer = Int64(exactly: value) { return StableHash.mix(key ^ number, UInt64(bitPattern: integer)) }
        return StableHash.mix(key ^ fraction, value.bitPattern)
    }
}
