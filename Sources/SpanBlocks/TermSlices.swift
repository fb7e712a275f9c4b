/// The Bloom filters of a run's blocks, cut in slices by bit: slice *n* has bit *n* of every block's filter. So a term asks a
/// few slices of a run, not every block.
///
/// A term sets `hashes` bits of a block's filter. Slices lie one behind the other, `sliceBytes` each, block *b* in bit
/// `b % 8` of byte `b / 8`.
package struct TermSlices: Sendable {
    /// How many slices, the filter's bits.
    package let bits: Int
    package let blocks: Int
    package private(set) var bytes: [UInt8]

    /// Bits of a filter for each term that its block has at the most: one in 330 blocks is found for nothing.
    package static let bitsPerTerm = 12
    package static let hashes: UInt64 = 6

    /// - Parameter maxTerms: how many different terms a block has at the most.
    package init(blocks: Int, maxTerms: Int) {
        self.blocks = blocks
        bits = max(64, (maxTerms * Self.bitsPerTerm + 63) / 64 * 64)
        bytes = [UInt8](repeating: 0, count: bits * Self.sliceBytes(blocks: blocks))
    }

    /// As they were stored; `nil` when they are of another size.
    package init?(stored bytes: [UInt8], blocks: Int, bits: Int) {
        guard bytes.count == bits * Self.sliceBytes(blocks: blocks) else { return nil }
        self.blocks = blocks
        self.bits = bits
        self.bytes = bytes
    }

    /// How many bytes a slice of so many blocks has.
    package static func sliceBytes(blocks: Int) -> Int { (blocks + 7) / 8 }

    /// Whether a block may have a term.
    package func mayHave(_ term: UInt64, block: Int) -> Bool {
        let width = Self.sliceBytes(blocks: blocks)
        return Self.slices(of: term, bits: bits).allSatisfy {
            bytes[$0 * width + (block >> 3)] & 1 << UInt8(block & 7) != 0
        }
    }

    /// A block has a term.
    package mutating func insert(_ term: UInt64, block: Int) {
        let width = Self.sliceBytes(blocks: blocks)
        let (byte, bit) = (block >> 3, UInt8(1) << UInt8(block & 7))
        let bits = UInt64(bits)
        var position = UInt32(truncatingIfNeeded: term)
        let step = UInt32(truncatingIfNeeded: term >> 32) | 1
        for _ in 0..<Self.hashes {
            let slice = Int((UInt64(position) &* bits) >> 32)
            bytes[slice &* width &+ byte] |= bit
            position &+= step
        }
    }

    /// The slices that a term asks: a block may have it only where all of them have a bit.
    package static func slices(of term: UInt64, bits: Int) -> [Int] {
        var position = UInt32(truncatingIfNeeded: term)
        let step = UInt32(truncatingIfNeeded: term >> 32) | 1
        return (0..<hashes).map { _ in
            defer { position &+= step }
            return Int((UInt64(position) &* UInt64(bits)) >> 32)
        }
    }
}

/// Different numbers of a list, counted; its memory is used again.
struct TermCounter {
    private var slots: [UInt64]
    private var marks: [UInt32]
    private var round: UInt32 = 0

    init() {
        slots = [UInt64](repeating: 0, count: 1 << 12)
        marks = [UInt32](repeating: 0, count: 1 << 12)
    }

    private(set) var count = 0

    /// Begins anew.
    mutating func reset() {
        round &+= 1
        count = 0
        if round == 0 {
            marks = [UInt32](repeating: 0, count: marks.count)
            round = 1
        }
    }

    /// - Returns: whether it is a new one.
    @discardableResult
    mutating func insert(_ term: UInt64) -> Bool {
        if count * 2 >= slots.count { grow() }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: term ^ term >> 32) & mask
        while marks[slot] == round {
            if slots[slot] == term { return false }
            slot = (slot + 1) & mask
        }
        marks[slot] = round
        slots[slot] = term
        count += 1
        return true
    }

    private mutating func grow() {
        let kept = slots.indices.filter { marks[$0] == round }.map { slots[$0] }
        slots = [UInt64](repeating: 0, count: slots.count * 2)
        marks = [UInt32](repeating: 0, count: slots.count)
        round = 1
        count = 0
        for term in kept { insert(term) }
    }
}
