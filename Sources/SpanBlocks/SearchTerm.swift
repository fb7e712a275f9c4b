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

    /// Adds the terms of a span's attributes, and what each key is known by in columns (`columnKey`).
    ///
    /// An attribute that compares with nothing has the term `none`; so has an array, besides a term for each element, which
    /// has the key 0.
    static func append(
        _ attributes: MessageViews<AttributeView>, to terms: inout [UInt64], keys: inout [UInt32]
    ) throws(WireError) {
        var views = attributes
        while let attribute = try views.next() {
            let key = StableHash.hash(attribute.key.utf8, seed: spanAttribute)
            var own = none
            if let value = attribute.value {
                if case .array(let elements) = value.content {
                    try append(elements, key, to: &terms)
                    while keys.count < terms.count { keys.append(0) }
                } else {
                    own = term(value.content, key) ?? none
                }
            }
            terms.append(own)
            keys.append(columnKey(key))
        }
    }

    /// Adds the terms of a resource's attributes; none for what compares with nothing.
    static func append(
        resource attributes: MessageViews<AttributeView>, to terms: inout [UInt64]
    ) throws(WireError) {
        var views = attributes
        while let attribute = try views.next() {
            guard let value = attribute.value else { continue }
            let key = StableHash.hash(attribute.key.utf8, seed: resourceAttribute)
            if case .array(let elements) = value.content {
                try append(elements, key, to: &terms)
            } else if let term = term(value.content, key) {
                terms.append(term)
            }
        }
    }

    /// The terms of an array's elements.
    private static func append(
        _ elements: MessageViews<AttributeValueView>, _ key: UInt64, to terms: inout [UInt64]
    ) throws(WireError) {
        var elements = elements
        while let element = try elements.next() {
            if let term = term(element.content, key) { terms.append(term) }
        }
    }

    /// Of an attribute that no search can ask for by its value; in no filter.
    package static let none: UInt64 = 0

    /// What a span attribute's key is known by while columns are made: never 0. Two keys may have the same.
    package static func columnKey(_ key: String) -> UInt32 { columnKey(StableHash.hash(key, seed: spanAttribute)) }

    private static func columnKey(_ hash: UInt64) -> UInt32 { max(UInt32(truncatingIfNeeded: hash >> 32), 1) }

    /// The term of a span's attribute; `none` for what compares with nothing, and for arrays.
    static func term(of attribute: AttributeView) -> UInt64 {
        guard let value = attribute.value else { return none }
        return term(value.content, StableHash.hash(attribute.key.utf8, seed: spanAttribute)) ?? none
    }

    /// The term of a span's attribute with a text.
    static func term(ofText value: String, key: String) -> UInt64 {
        StableHash.hash(value, seed: StableHash.hash(key, seed: spanAttribute) ^ text)
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
