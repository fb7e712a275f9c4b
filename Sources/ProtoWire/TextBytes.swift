/// Comparison of texts and bytes as they are stored, eight bytes at a time.
///
/// `String`'s own `==` and `<` treat canonically equivalent texts as equal, and sequences are compared one byte at a
/// time. Names of many thousand bytes are compared for every span that has them, so both would be wrong or slow.
package enum TextBytes {
    /// Returns the number of equal bytes at the start of both: at most the length of the shorter one. O(1) for the same
    /// place in memory.
    package static func sharedPrefix(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let count = min(left.count, right.count)
        // Proof for the loads: each ends at `count` or before, which both buffers have; every bit pattern is a UInt64.
        guard let one = left.baseAddress, let other = right.baseAddress else { return 0 }
        if unsafe one == other { return count }
        var offset = 0
        while count &- offset >= 16 {
            let first =
                unsafe one.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                ^ other.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let second =
                unsafe one.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self)
                ^ other.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self)
            if first | second != 0 { break }
            offset &+= 16
        }
        while offset < count {
            if unsafe left[offset] != right[offset] { return offset }
            offset &+= 1
        }
        return count
    }

    /// Returns -1, 0 or 1 when the left bytes come before, equal or come after the right ones.
    package static func order(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        // Proof: the buffers are the caller's and live through the call; an offset is used below both counts alone.
        let shared = unsafe sharedPrefix(left, right)
        if shared < left.count, shared < right.count { return unsafe left[shared] < right[shared] ? -1 : 1 }
        return left.count == right.count ? 0 : left.count < right.count ? -1 : 1
    }
}

extension String {
    /// Returns `true` when two texts have the same bytes. O(1) when they share their memory or have different lengths.
    package func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && byteOrder(to: other) == 0
    }

    /// Returns -1, 0 or 1 when the UTF-8 bytes of this text come before, equal or come after those of the other.
    package func byteOrder(to other: String) -> Int {
        // Proof: both buffers are only read while the closures run.
        let order = unsafe utf8.withContiguousStorageIfAvailable { one -> Int? in
            unsafe other.utf8.withContiguousStorageIfAvailable { unsafe TextBytes.order(.init(one), .init($0)) }
        }
        if let order, let order { return order }
        let (one, other) = (Array(utf8), Array(other.utf8))
        return unsafe one.withUnsafeBytes { one in unsafe other.withUnsafeBytes { unsafe TextBytes.order(one, $0) } }
    }
}
