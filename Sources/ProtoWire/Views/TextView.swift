/// A text in place: the bytes of a `string` field.
public struct TextView: ~Escapable, BitwiseCopyable {
    /// The bytes as they came.
    public let utf8: RawSpan
    /// Whether the bytes are UTF-8. They always are unless `InvalidUTF8Policy.repair` lets others pass.
    public let isUTF8: Bool

    /// - Parameter range: as a cursor over `bytes` found it.
    @inlinable
    @inline(__always)
    @_lifetime(immortal)
    package init(_ bytes: PayloadBytes, _ range: TextRange) {
        utf8 = bytes.span(range.start, count: range.count)
        isUTF8 = range.isUTF8
    }

    /// Whether there is no byte.
    @inlinable
    public var isEmpty: Bool { utf8.byteCount == 0 }

    /// The text as a value of its own, with U+FFFD for what is not UTF-8. Allocates above 15 bytes.
    public var string: String {
        String(validatingUTF8: utf8) ?? String(decoding: [UInt8](copying: utf8), as: UTF8.self)
    }

    /// Whether the bytes are those of `text`; nothing is allocated.
    public func isEqual(to text: String) -> Bool {
        guard text.utf8.count == utf8.byteCount else { return false }
        var offset = 0
        for byte in text.utf8 {
            // Proof: the callee checks the bounds; every bit pattern is a UInt8.
            guard unsafe utf8.unsafeLoad(fromByteOffset: offset, as: UInt8.self) == byte else { return false }
            offset += 1
        }
        return true
    }
}
