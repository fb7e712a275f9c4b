/// Strings that a decoder met before in the same payload, so that a key in every span is one string and not one per
/// span.
///
/// The table is direct-mapped: a string's slot follows from its length and a few words of it, and a newer string
/// replaces an older one. A slot knows the position of its string in the payload, where equality is decided: comparing
/// bytes costs less than validating and copying them anew.
///
/// The value is a handle, not the owner: the decoder makes the table and frees it when the reader is done, so that no
/// reference is counted for each string.
///
/// Proof for all below: there are `slotCount` slots, initialised until the table is freed, and the handle does not
/// outlive the closure that gets it; the number of a slot has `slotBits` bits.
@safe
public struct SharedStrings: BitwiseCopyable {
    /// Lengths in bytes of the strings that are kept. Shorter strings are cheap to make; longer ones seldom recur.
    @inlinable package static var lengths: ClosedRange<Int> { 8...256 }

    /// Size of a payload in bytes from which on the table saves more than it costs to make.
    static let leastPayloadBytes = 16 << 10

    /// Binary logarithm of the number of slots; a slot's number is the upper bits of the hash.
    private static let slotBits = 9
    private static let slotCount = 1 << slotBits

    private struct Slot {
        /// Offset of the string in the payload.
        var start = 0
        /// Length of the string in bytes; 0 in an empty slot.
        var count = 0
        var text = ""
    }

    private let slots: UnsafeMutablePointer<Slot>

    private init(_ slots: UnsafeMutablePointer<Slot>) { unsafe self.slots = slots }

    /// Calls `decode` with a table for a payload of that size; with `nil` when a table would not pay.
    static func withTable<Result>(
        forPayloadBytes count: Int, _ decode: (SharedStrings?) throws(WireError) -> Result
    ) throws(WireError) -> Result {
        guard count >= leastPayloadBytes else { return try decode(nil) }
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: slotCount)
        unsafe slots.initialize(repeating: Slot(), count: slotCount)
        defer {
            unsafe slots.deinitialize(count: slotCount)
            unsafe slots.deallocate()
        }
        return try decode(unsafe SharedStrings(slots))
    }

    /// Returns the text in these bytes: a string that was met before, or a new one that is then kept; `nil` when they
    /// are not UTF-8.
    ///
    /// - Parameters:
    ///   - count: length in `lengths`; the bytes lie inside the payload, which is the same for all calls.
    ///   - isUTF8: `true` when the bytes are known to be UTF-8.
    @usableFromInline
    package func string(_ bytes: PayloadBytes, _ start: Int, _ count: Int, isUTF8: Bool) -> String? {
        let hash = bytes.hash(unchecked: start, count)
        let slot = unsafe slots + Int(truncatingIfNeeded: hash >> UInt64(64 - Self.slotBits))
        if unsafe slot.pointee.count == count, bytes.isEqual(unchecked: start, unsafe slot.pointee.start, count) {
            // The next comparison finds these bytes in the cache, the first ones it would not.
            unsafe slot.pointee.start = start
            return unsafe slot.pointee.text
        }
        let span = bytes.span(start, count: count)
        let text: String
        if bytes.isASCII(unchecked: start, start &+ count) {
            text = String(ascii: span)
        } else {
            guard isUTF8 || UTF8Validation.firstInvalidOffset(in: span) == nil else { return nil }
            text = String(utf8: span, isASCII: false)
        }
        unsafe slot.pointee = Slot(start: start, count: count, text: text)
        return text
    }
}

extension PayloadBytes {
    /// Returns a hash of the length and up to three words, whose upper bits are the best.
    ///
    /// - Parameter count: at least 8; the bytes lie inside the payload.
    @inlinable
    @inline(__always)
    func hash(unchecked start: Int, _ count: Int) -> UInt64 {
        let middle = word(unchecked: start &+ (count &- 8) / 2)
        let last = word(unchecked: start &+ count &- 8)
        let mixed = word(unchecked: start) ^ middle &* 0xFF51_AFD7_ED55_8CCD ^ last &* 0x9E37_79B9_7F4A_7C15
        return (mixed ^ UInt64(truncatingIfNeeded: count)) &* 0xD6E8_FEB8_6659_FD93
    }

    /// Returns `true` when the `count` bytes at both offsets are equal.
    ///
    /// - Parameter count: at least 8; the bytes lie inside the payload.
    @inline(__always)
    func isEqual(unchecked left: Int, _ right: Int, _ count: Int) -> Bool {
        // Proof for the loads: each lies within `count` bytes from its place; they may overlap.
        let lastWord = count &- 8
        if count <= 16 {
            return (word(unchecked: left) ^ word(unchecked: right))
                | (word(unchecked: left &+ lastWord) ^ word(unchecked: right &+ lastWord)) == 0
        }
        let last = count &- 16
        var difference = words(unchecked: left &+ last) ^ words(unchecked: right &+ last)
        var position = 0
        while position < last {
            difference |= words(unchecked: left &+ position) ^ words(unchecked: right &+ position)
            position &+= 16
        }
        return difference == .zero
    }
}
