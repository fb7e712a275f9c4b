/// Position of a text in the payload, and a flag for a text that is not UTF-8.
public struct TextRange: BitwiseCopyable {
    @usableFromInline let low: UInt32
    /// Length in bytes; the highest bit is set when they are not UTF-8.
    @usableFromInline let size: UInt32

    /// Creates the range `start ..< end`.
    @inlinable
    @inline(__always)
    package init(_ start: Int, _ end: Int, isUTF8: Bool = true) {
        low = UInt32(truncatingIfNeeded: start)
        size = UInt32(truncatingIfNeeded: end &- start) | (isUTF8 ? 0 : 0x8000_0000)
    }

    /// Creates a range from `bits`.
    @inlinable
    @inline(__always)
    package init(bits: UInt64) {
        low = UInt32(truncatingIfNeeded: bits)
        size = UInt32(truncatingIfNeeded: bits >> 32)
    }

    /// Creates an empty range.
    @inlinable
    @inline(__always)
    public init() { self.init(0, 0) }

    /// The range in one word.
    @inlinable
    @inline(__always)
    package var bits: UInt64 { UInt64(low) | UInt64(size) << 32 }

    /// Offset of the first byte.
    @inlinable
    @inline(__always)
    package var start: Int { Int(low) }

    /// Length in bytes.
    @inlinable
    @inline(__always)
    package var count: Int { Int(size & 0x7FFF_FFFF) }

    /// Offset behind the last byte.
    @inlinable
    @inline(__always)
    package var end: Int { start &+ count }

    /// `false` when the bytes are not UTF-8, which only passes under `InvalidUTF8Policy.repair`.
    @inlinable
    @inline(__always)
    package var isUTF8: Bool { size < 0x8000_0000 }
}
