/// Where a text stands in the payload, and whether it is one.
public struct TextRange: BitwiseCopyable {
    @usableFromInline let low: UInt32
    /// How many bytes, and in the highest bit whether they are not UTF-8.
    @usableFromInline let size: UInt32

    @inlinable
    @inline(__always)
    package init(_ start: Int, _ end: Int, isUTF8: Bool = true) {
        low = UInt32(truncatingIfNeeded: start)
        size = UInt32(truncatingIfNeeded: end &- start) | (isUTF8 ? 0 : 0x8000_0000)
    }

    /// As `bits` has it.
    @inlinable
    @inline(__always)
    package init(bits: UInt64) {
        low = UInt32(truncatingIfNeeded: bits)
        size = UInt32(truncatingIfNeeded: bits >> 32)
    }

    /// No text.
    @inlinable
    @inline(__always)
    public init() { self.init(0, 0) }

    /// The range in one word.
    @inlinable
    @inline(__always)
    package var bits: UInt64 { UInt64(low) | UInt64(size) << 32 }

    @inlinable
    @inline(__always)
    package var start: Int { Int(low) }

    @inlinable
    @inline(__always)
    package var count: Int { Int(size & 0x7FFF_FFFF) }

    @inlinable
    @inline(__always)
    package var end: Int { start &+ count }

    @inlinable
    @inline(__always)
    package var isUTF8: Bool { size < 0x8000_0000 }
}
