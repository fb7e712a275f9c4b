/// Strings that a decoder met before, so that a key that stands in every span is one string and not one per span.
///
/// A direct-mapped table: a string's slot follows from its length and from its first and last eight bytes, and a newer
/// string takes the slot of an older one. Finding a string here costs less than checking and making it anew.
@usableFromInline
struct SharedStrings {
    /// Bytes of the strings that are worth keeping.
    @usableFromInline static let lengths = 8...48

    private static let slotCount = 256

    /// Empty until the first string is kept.
    private var slots: [String] = []

    @usableFromInline
    init() {}

    /// The text in these bytes: one that was met before, or a new one that is kept; `nil` when they are not UTF-8.
    ///
    /// - Parameter bytes: of a count in `lengths`.
    @usableFromInline
    mutating func string(_ bytes: RawSpan) -> String? {
        let slot = Self.slot(bytes)
        if !slots.isEmpty, Self.isEqual(slots[slot], bytes) { return slots[slot] }
        guard let text = String(validatingUTF8: bytes) else { return nil }
        if slots.isEmpty { slots = [String](repeating: "", count: Self.slotCount) }
        slots[slot] = text
        return text
    }

    private static func slot(_ bytes: RawSpan) -> Int {
        let count = bytes.byteCount
        // Proof: the callee checks the bounds; every bit pattern is a UInt64.
        let first = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)
        let last = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        let both = first ^ (last &* 0x9E37_79B9_7F4A_7C15) ^ UInt64(truncatingIfNeeded: count)
        let mixed = both &* 0xD6E8_FEB8_6659_FD93
        return Int(truncatingIfNeeded: mixed >> 56)
    }

    /// Whether the string has exactly these bytes.
    private static func isEqual(_ text: String, _ bytes: RawSpan) -> Bool {
        let count = bytes.byteCount
        guard text.utf8.count == count else { return false }
        // Proof: both buffers have `count` bytes, and the loads below stay within them: whole words from the start, and
        // one that ends at the end (there are at least eight bytes).
        return unsafe text.utf8.withContiguousStorageIfAvailable { known in
            let known = UnsafeRawBufferPointer(known)
            var position = 0
            var difference: UInt64 = 0
            while position + 8 < count {
                difference |=
                    unsafe known.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                    ^ bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
                position += 8
            }
            difference |=
                unsafe known.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
                ^ bytes.unsafeLoadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            return difference == 0
        } ?? false
    }
}
