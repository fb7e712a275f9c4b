/// Strings that a decoder met before in the same payload, so that a key that stands in every span is one string and not one
/// per span.
///
/// A direct-mapped table: a string's slot follows from its length and a few words of it, and a newer string takes the slot
/// of an older one. A slot knows where in the payload its string stood, and whether another is the same is seen there:
/// comparing the bytes costs less than checking and copying them anew.
///
/// A handle, not the owner: whoever decodes makes the table and frees it when the reader is done, so that nothing is
/// retained for each string.
@safe
public struct SharedStrings: BitwiseCopyable {
    /// Bytes of the strings that are worth keeping. Shorter ones are made at once; in longer ones there is little that
    /// comes again.
    @inlinable package static var lengths: ClosedRange<Int> { 8...256 }

    /// Bytes of a payload from which on the table earns back what it costs to make.
    static let leastPayloadBytes = 16 << 10

    /// A power of two; the slot is the hash's upper bits.
    private static let slotBits = 9
    private static let slotCount = 1 << slotBits

    private struct Slot {
        /// Where in the payload the string stood.
        var start = 0
        /// 0 in an empty slot.
        var count = 0
        var text = ""
    }

    // Proof for every use: `slotCount` slots, initialised until the table is freed; a slot's number has `slotBits` bits.
    private let slots: UnsafeMutablePointer<Slot>

    private init(_ slots: UnsafeMutablePointer<Slot>) { unsafe self.slots = slots }

    /// Lends a table to the decoding of so many bytes; `nil` when it would not be worth it.
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

    /// The text in these bytes: one that was met before, or a new one that is kept; `nil` when they are not UTF-8.
    ///
    /// - Parameters:
    ///   - count: in `lengths`; the bytes lie inside the payload, which is the same for all calls.
    ///   - isUTF8: whether the bytes are known to be UTF-8.
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
    /// A hash of which the upper bits are the best, from the length and up to three words.
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

    /// Whether the `count` bytes at both places are the same.
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
