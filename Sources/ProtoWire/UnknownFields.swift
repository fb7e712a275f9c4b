/// Fields of a message that its schema does not name, byte for byte as they came, in their order.
///
/// They are written back after the known fields, so that a newer sender's data survives an older relay. Groups and
/// known field numbers with another wire type land here too. One pointer wide; no allocation while empty.
public struct UnknownFields: Sendable, Hashable {
    @usableFromInline var storage: [UInt8]?

    @inlinable
    public init() { storage = nil }

    /// - Parameter bytes: whole fields, key included.
    public init(bytes: [UInt8]) { storage = bytes.isEmpty ? nil : bytes }

    /// Whether there are none.
    @inlinable
    public var isEmpty: Bool { storage == nil }

    /// The fields' bytes, keys included; empty when there are none.
    public var bytes: [UInt8] { storage ?? [] }

    /// Adds whole fields at the end.
    public mutating func append(_ span: borrowing RawSpan) {
        guard span.byteCount > 0 else { return }
        if storage == nil { storage = [] }
        storage!.append(copying: span)
    }
}
