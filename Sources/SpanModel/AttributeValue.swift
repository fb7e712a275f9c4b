import ProtoWire

/// Value of an attribute: OTLP's `AnyValue`.
public enum AttributeValue: Sendable, Hashable {
    /// An `AnyValue` in which no member is set.
    case empty
    /// A string (field 1).
    case string(String)
    /// A Boolean (field 2).
    case bool(Bool)
    /// An integer of 64 bits (field 3).
    case int(Int64)
    /// A double (field 4) of any bit pattern, NaN and infinities included.
    case double(Double)
    /// An array (field 5), whose elements may be of different kinds and nested.
    case array([AttributeValue])
    /// A list of attributes (field 6). Keys are meant to be unique, which nothing here enforces.
    case keyValueList([Attribute])
    /// Bytes (field 7).
    case bytes([UInt8])
    /// An index into a string table (field 8), meant for profiles. A span has no such table, so the value reads as
    /// absent.
    case stringIndex(Int32)
    /// A value that came with fields the schema does not name: in the `AnyValue` itself, or in the `ArrayValue` or
    /// `KeyValueList` inside. The inner value is never `extended`.
    indirect case extended(AttributeValue, unknownFields: UnknownFields, listUnknownFields: UnknownFields)

    /// Value without the unknown fields around it.
    public var plain: AttributeValue {
        if case .extended(let value, _, _) = self { value } else { self }
    }

    // Two NaNs of the same bits are the same value here, 0.0 and -0.0 are not: sets of reports need a true equality.
    public static func == (left: AttributeValue, right: AttributeValue) -> Bool {
        switch (left, right) {
        case (.empty, .empty): true
        case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
        case (.array(let a), .array(let b)): a == b
        case (.keyValueList(let a), .keyValueList(let b)): a == b
        case (.bytes(let a), .bytes(let b)): a == b
        case (.stringIndex(let a), .stringIndex(let b)): a == b
        case (.extended(let a, let b, let c), .extended(let d, let e, let f)): a == d && b == e && c == f
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .empty: hasher.combine(0)
        case .string(let value): hasher.combine(value)
        case .bool(let value): hasher.combine(value)
        case .int(let value): hasher.combine(value)
        case .double(let value): hasher.combine(value.bitPattern)
        case .array(let value): hasher.combine(value)
        case .keyValueList(let value): hasher.combine(value)
        case .bytes(let value): hasher.combine(value)
        case .stringIndex(let value): hasher.combine(value)
        case .extended(let value, let fields, _):
            hasher.combine(value)
            hasher.combine(fields)
        }
    }
}

extension AttributeValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(arrayLiteral elements: AttributeValue...) { self = .array(elements) }
}

/// A key with its value: OTLP's `KeyValue`.
public struct Attribute: Sendable, Hashable {
    /// Key of the attribute (field 1).
    public var key: String
    /// Value of the attribute (field 2); `nil` when the field is absent, which differs from an `AnyValue` with no
    /// member set (`.empty`).
    public var value: AttributeValue?
    /// Fields that the schema does not name, and `key_strindex` (field 3), which has no meaning in a span.
    public var unknownFields: UnknownFields

    /// Creates an attribute; a value of `nil` leaves the field out.
    @inlinable
    public init(_ key: String, _ value: AttributeValue?) {
        self.key = key
        self.value = value
        unknownFields = UnknownFields()
    }
}

extension Attribute {
    /// Creates an attribute whose value is a string.
    @inlinable
    public init(_ key: String, _ value: String) { self.init(key, .string(value)) }

    /// Creates an attribute whose value is an integer.
    @inlinable
    public init(_ key: String, _ value: Int) { self.init(key, .int(Int64(value))) }

    /// Creates an attribute whose value is an integer of 64 bits.
    @inlinable
    public init(_ key: String, _ value: Int64) { self.init(key, .int(value)) }

    /// Creates an attribute whose value is a double; NaN and infinities are legal.
    @inlinable
    public init(_ key: String, _ value: Double) { self.init(key, .double(value)) }

    /// Creates an attribute whose value is a Boolean.
    @inlinable
    public init(_ key: String, _ value: Bool) { self.init(key, .bool(value)) }

    /// Creates an attribute whose value is an array of strings, in the order given.
    @inlinable
    public init(_ key: String, _ value: [String]) { self.init(key, .array(value.map { .string($0) })) }
}
