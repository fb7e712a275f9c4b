/// A text in place: the bytes of a `string` field.
public struct TextView: ~Escapable, BitwiseCopyable {
    /// Bytes as they came.
    public let utf8: RawSpan
    /// `true` when the bytes are UTF-8; they always are unless `InvalidUTF8Policy.repair` lets others pass.
    public let isUTF8: Bool

    /// Creates the view of a text.
    ///
    /// - Parameter range: range that a cursor over `bytes` returned.
    @inlinable
    @inline(__always)
    @_lifetime(immortal)
    package init(_ bytes: PayloadBytes, _ range: TextRange) {
        utf8 = bytes.span(range.start, count: range.count)
        isUTF8 = range.isUTF8
    }

    /// `true` when the text has no byte.
    @inlinable
    public var isEmpty: Bool { utf8.byteCount == 0 }

    /// Copy of the text, with U+FFFD for bytes that are not UTF-8. Allocates above 15 bytes.
    public var string: String {
        String(validatingUTF8: utf8) ?? String(decoding: [UInt8](copying: utf8), as: UTF8.self)
    }

    /// Returns `true` when the bytes are those of `text`; allocates nothing.
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
