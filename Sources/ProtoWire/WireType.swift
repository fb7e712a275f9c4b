/// Layout of the value that follows a field key.
///
/// Source: protobuf encoding guide, "Message Structure". Values 6 and 7 are not assigned and make a message malformed.
public enum WireType: UInt8, Sendable, Hashable {
    /// One to ten bytes, seven bits each, least significant first.
    case varint = 0
    /// Eight bytes, little-endian.
    case fixed64 = 1
    /// A length (varint, at most 2^31 - 1) and that many bytes.
    case lengthDelimited = 2
    /// Opens a group, which ends at the `endGroup` key of the same field number. Deprecated, still legal on the wire.
    case startGroup = 3
    /// Closes a group.
    case endGroup = 4
    /// Four bytes, little-endian.
    case fixed32 = 5
}

/// Key in front of every field: number and wire type in one varint of at most 32 bits.
public struct FieldKey: RawRepresentable, Sendable, Hashable {
    /// The key as it stands on the wire: `number << 3 | wireType`.
    public let rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Creates the key of a field.
    ///
    /// - Parameters:
    ///   - number: the field's number, 1 ... 2^29 - 1; higher bits are cut off.
    ///   - wireType: the form of the field's value.
    @inlinable
    public init(_ number: UInt32, _ wireType: WireType) { rawValue = number << 3 | UInt32(wireType.rawValue) }

    /// Field number, 0 ... 2^29 - 1 (0 is never legal in a message).
    @inlinable
    public var number: UInt32 { rawValue >> 3 }

    /// Wire type; `nil` for the unassigned values 6 and 7.
    @inlinable
    public var wireType: WireType? { WireType(rawValue: UInt8(truncatingIfNeeded: rawValue & 7)) }
}
