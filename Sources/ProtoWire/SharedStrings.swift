/// Strings that a decoder met before, so that a key that stands in every span is one string and not one per span.
///
/// A direct-mapped table: a string's slot follows from its length and from its first and last eight bytes, and a newer
/// string takes the slot of an older one. All bytes of a string are in its slot as four words that may overlap, so that
/// finding one is four comparisons, which is less than checking and making it anew.
@usableFromInline
struct SharedStrings {
    /// Bytes of the strings that are worth keeping, and that four words hold.
    @usableFromInline static let lengths = 8...32

    /// Bytes of a payload from which on the table earns back what it costs to make.
    @usableFromInline static let leastPayloadBytes = 16 << 10

    /// A power of two; the slot is the hash's upper eight bits.
    private static let slotCount = 256

    private struct Words: Equatable {
        var count = 0
        var first: UInt64 = 0
        var second: UInt64 = 0
        var lastButOne: UInt64 = 0
        var last: UInt64 = 0

        init() {}

        /// - Parameter bytes: of a count in `lengths`.
        init(_ bytes: RawSpan) {
            count = bytes.byteCount
            // Proof: the callee checks the bounds; every bit pattern is a UInt64.
            first = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)
            last = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            guard count > 16 else { return }
            second = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)
            lastButOne = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: count - 16, as: UInt64.self)
        }

        var slot: Int {
            let both = first ^ (last &* 0x9E37_79B9_7F4A_7C15) ^ UInt64(truncatingIfNeeded: count)
            return Int(truncatingIfNeeded: (both &* 0xD6E8_FEB8_6659_FD93) >> 56)
        }
    }

    private struct Slot {
        var words = Words()
        var text = ""
    }

    /// Empty until the first string is kept.
    private var slots: [Slot] = []

    @usableFromInline
    init() {}

    /// The text in these bytes: one that was met before, or a new one that is kept; `nil` when they are not UTF-8.
    ///
    /// - Parameter bytes: of a count in `lengths`.
    @usableFromInline
    mutating func string(_ bytes: RawSpan) -> String? {
        let words = Words(bytes)
        let slot = words.slot
        if !slots.isEmpty, slots[slot].words == words { return slots[slot].text }
        guard let text = String(validatingUTF8: bytes) else { return nil }
        if slots.isEmpty { slots = [Slot](repeating: Slot(), count: Self.slotCount) }
        slots[slot] = Slot(words: words, text: text)
        return text
    }
}
