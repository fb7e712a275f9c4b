/// Bytes of a payload as views read them: a pointer to the first one.
///
/// It checks nothing and keeps nothing alive, so it stays inside of views and of their makers. It is safe for two
/// reasons. A view is `~Escapable` and depends on the `RawSpan` that it was made from, so the bytes outlive it. And
/// every offset that is loaded from has been compared with the end of its message, which lies inside the payload, since
/// the end of each message was compared with that of the message around it. Each caller says where.
///
/// A `RawSpan` would not do: the compiler treats `~Escapable` values as if they had to be released, and so keeps them
/// in memory with calls around them; and `RawSpan` compares every offset once more. With it, reading every field of a
/// span took four times as many instructions (Benchmarks/README.md).
///
/// Proof for all below: callers pass only offsets and ranges that lie inside the payload, and the payload outlives the
/// value as said above.
@safe
@_documentation(visibility: internal)
public struct PayloadBytes: BitwiseCopyable {
    @usableFromInline let base: UnsafeRawPointer

    /// Creates the pointer.
    ///
    /// - Parameter bytes: payload, which outlives this value: the view that holds it depends on the payload.
    @usableFromInline
    package init(_ bytes: RawSpan) {
        unsafe base = bytes.withUnsafeBytes { buffer in
            // An empty payload has no address; nothing is loaded from it.
            unsafe buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 8)!
        }
    }

    /// Returns `count` bytes from `start` on, which lie inside the payload; the caller ties the span to a lifetime.
    @inlinable
    @inline(__always)
    @_lifetime(immortal)
    package func span(_ start: Int, count: Int) -> RawSpan {
        // Proof: the caller's range lies inside, and the caller ties the span to its own lifetime.
        let span = unsafe RawSpan(_unsafeStart: base + start, byteCount: count)
        return unsafe _overrideLifetime(span, copying: ())
    }

    /// Returns the bytes of `start ..< end`, which lies inside the payload; the caller ties the span to a lifetime.
    @inlinable
    @_lifetime(immortal)
    package func span(_ start: Int, _ end: Int) -> RawSpan { span(start, count: end &- start) }

    /// Returns the byte at `offset`, which lies inside the payload.
    @inlinable
    @inline(__always)
    package func byte(unchecked offset: Int) -> UInt8 {
        // Proof: the caller's; every bit pattern is a UInt8.
        unsafe base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// Returns two bytes from `offset` on, the first one as the low byte: a key and a length of one byte each. Both lie
    /// inside the payload.
    @inlinable
    @inline(__always)
    package func pair(unchecked offset: Int) -> UInt16 {
        // Proof: the caller's; every bit pattern is a UInt16.
        UInt16(littleEndian: unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// Returns four bytes from `offset` on, the first one as the lowest; all lie inside the payload.
    @inlinable
    @inline(__always)
    package func half(unchecked offset: Int) -> UInt32 {
        // Proof: the caller's; every bit pattern is a UInt32.
        UInt32(littleEndian: unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// Returns eight bytes from `offset` on, the first one as the lowest; all lie inside the payload.
    @inlinable
    @inline(__always)
    package func word(unchecked offset: Int) -> UInt64 {
        // Proof: the caller's; every bit pattern is a UInt64.
        UInt64(littleEndian: unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Returns sixteen bytes from `offset` on as four numbers in the machine's byte order; all lie inside the payload.
    @inlinable
    @inline(__always)
    package func words(unchecked offset: Int) -> SIMD4<UInt32> {
        // Proof: the caller's; every bit pattern is four UInt32.
        unsafe base.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt32>.self)
    }

    /// Returns `true` when all bytes of `start ..< end`, which lies inside the payload, are ASCII. Up to 64 bytes take
    /// no loop.
    @inlinable
    @inline(__always)
    package func isASCII(unchecked start: Int, _ end: Int) -> Bool {
        // Proof for every load: it starts at `start` or later and ends at `end` or earlier; where the range is shorter
        // than what is loaded at once, a smaller load is taken. Loads may overlap, which does no harm.
        let count = end &- start
        if count >= 16 {
            let last = end &- 16
            var all = words(unchecked: start) | words(unchecked: last)
            all |= words(unchecked: min(start &+ 16, last))
            all |= words(unchecked: min(start &+ 32, last))
            return all & 0x8080_8080 == .zero && (count <= 64 || isLongASCII(start &+ 48, last))
        }
        if count >= 8 {
            return (word(unchecked: start) | word(unchecked: end &- 8)) & 0x8080_8080_8080_8080 == 0
        }
        if count >= 4 {
            return (half(unchecked: start) | half(unchecked: end &- 4)) & 0x8080_8080 == 0
        }
        guard count > 0 else { return true }
        return byte(unchecked: start) | byte(unchecked: start &+ count / 2) | byte(unchecked: end &- 1) < 0x80
    }

    /// Returns `true` when all bytes of `start ..< last` are ASCII; bytes up to `last + 16` may be looked at too, and
    /// then have to be ASCII.
    @usableFromInline
    func isLongASCII(_ start: Int, _ last: Int) -> Bool {
        var position = start
        while position < last {
            let four =
                words(unchecked: position) | words(unchecked: min(position &+ 16, last))
                | words(unchecked: min(position &+ 32, last)) | words(unchecked: min(position &+ 48, last))
            guard four & 0x8080_8080 == .zero else { return false }
            position &+= 64
        }
        return true
    }

    /// Returns `true` when the bytes of `start ..< end`, which lies inside the payload, are UTF-8.
    @inlinable
    @inline(__always)
    package func isUTF8(unchecked start: Int, _ end: Int) -> Bool {
        isASCII(unchecked: start, end) || isMultibyteUTF8(start, end)
    }

    @usableFromInline
    func isMultibyteUTF8(_ start: Int, _ end: Int) -> Bool {
        UTF8Validation.firstInvalidOffset(in: span(start, end)) == nil
    }

    /// Returns the varint that fills `start ..< end` exactly; `nil` when there is none. The range lies inside the
    /// payload.
    @inlinable
    @inline(__always)
    package func soleVarint(unchecked start: Int, _ end: Int) -> UInt64? {
        // Proof for the loads: one byte for each that the range has.
        let count = end &- start
        guard count > 0 else { return nil }
        let first = UInt64(byte(unchecked: start))
        if count == 1 { return first < 0x80 ? first : nil }
        let second = UInt64(byte(unchecked: start &+ 1))
        if count == 2 { return first >= 0x80 && second < 0x80 ? first & 0x7F | second << 7 : nil }
        return longSoleVarint(start, end)
    }

    /// Returns `true` when a varint fills `start ..< end` exactly; the range lies inside the payload and is not empty.
    @inlinable
    @inline(__always)
    package func isSoleVarint(unchecked start: Int, _ end: Int) -> Bool {
        // Proof for the loads: one byte, or eight, of those that the range has.
        let count = end &- start
        if count <= 3 {
            let tops = byte(unchecked: start) & 0x80
            if count == 1 { return tops == 0 }
            let last = byte(unchecked: end &- 1)
            return tops != 0 && last < 0x80 && byte(unchecked: start &+ 1) | (count == 2 ? 0x80 : 0) >= 0x80
        }
        return longSoleVarint(start, end) != nil
    }

    @usableFromInline
    func longSoleVarint(_ start: Int, _ end: Int) -> UInt64? {
        guard end - start <= 10 else { return nil }
        var value: UInt64 = 0
        var position = end - 1
        // Proof for the loads: each position lies in the range.
        guard byte(unchecked: position) < 0x80 else { return nil }
        while true {
            let next = byte(unchecked: position)
            guard position == end - 1 || next >= 0x80 else { return nil }
            value = value << 7 | UInt64(next & 0x7F)
            guard position > start else { return value }
            position -= 1
        }
    }
}
