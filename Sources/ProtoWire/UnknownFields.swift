/// Fields of a message that its schema does not name, byte for byte and in the order in which they came.
///
/// They are written back after the known fields, so that a newer sender's data survives an older relay. Groups, and
/// known field numbers with another wire type, are kept here too. One pointer wide; allocates only when there are such
/// fields.
public struct UnknownFields: Sendable, Hashable {
    @usableFromInline var storage: [UInt8]?

    /// Creates an empty collection, without allocating.
    @inlinable
    public init() { storage = nil }

    /// Creates a collection from whole fields, keys included.
    public init(bytes: [UInt8]) { storage = bytes.isEmpty ? nil : bytes }

    /// `true` when there are no unknown fields.
    @inlinable
    public var isEmpty: Bool { storage == nil }

    /// Bytes of the fields, keys included; empty when there are none.
    public var bytes: [UInt8] { storage ?? [] }

    /// Appends whole fields, keys included.
    public mutating func append(_ span: borrowing RawSpan) {
        guard span.byteCount > 0 else { return }
        if storage == nil { storage = [] }
        storage!.append(copying: span)
    }
}
