/// A Bloom filter: with twenty bits for a key it finds one of 10,000 keys that are not there.
struct KeyFilter {
    private var words: [UInt64]
    private(set) var count = 0
    let bits: Int

    private static let roomPerKey = 20
    /// Told by the two halves of a key.
    private static let bitsPerKey = 10

    /// Makes a filter without keys.
    ///
    /// - Parameter bits: up to 2^32.
    init(bits: Int) {
        self.bits = (max(min(bits, 1 << 32), 64) + 63) / 64 * 64
        words = [UInt64](repeating: 0, count: self.bits / 64)
    }

    static func bits(forKeys count: Int) -> Int { count * roomPerKey }

    /// There is no more room for keys, each insertion counted.
    var isFull: Bool { count * Self.roomPerKey >= bits }
    /// One in a thousand keys or more would be found that are not there, however often each was inserted.
    var isCrowded: Bool { words.reduce(0) { $0 + $1.nonzeroBitCount } > bits / 2 }
    var bytes: Int { words.count * 8 }

    func mayContain(_ key: UInt64) -> Bool {
        var position = UInt32(truncatingIfNeeded: key)
        let step = UInt32(truncatingIfNeeded: key >> 32) | 1
        for _ in 0..<Self.bitsPerKey {
            if !hasBit(position) { return false }
            position &+= step
        }
        return true
    }

    private func hasBit(_ position: UInt32) -> Bool {
        let bit = Int((UInt64(position) &* UInt64(bits)) >> 32)
        return words[bit >> 6] & 1 << UInt64(bit & 63) != 0
    }

    /// Marks keys that may be here as not new.
    func find(_ keys: [UInt64], _ areNew: inout [Bool]) {
        // One bit of each comes first, and tells of most: looks that do not wait for each other wait for memory at once.
        let mayBeHere = keys.map { hasBit(UInt32(truncatingIfNeeded: $0)) }
        for index in keys.indices where mayBeHere[index] && areNew[index] { areNew[index] = !mayContain(keys[index]) }
    }

    mutating func insert(_ key: UInt64) {
        var position = UInt32(truncatingIfNeeded: key)
        let step = UInt32(truncatingIfNeeded: key >> 32) | 1
        for _ in 0..<Self.bitsPerKey {
            let bit = Int((UInt64(position) &* UInt64(bits)) >> 32)
            words[bit >> 6] |= 1 << UInt64(bit & 63)
            position &+= step
        }
        count += 1
    }

    /// Joins two filters.
    ///
    /// - Returns: a filter of the keys of both; `nil` where they differ in size or have too many keys for one.
    func joined(with other: KeyFilter) -> KeyFilter? {
        guard bits == other.bits, (count + other.count) * Self.roomPerKey <= bits else { return nil }
        var joined = self
        for index in words.indices { joined.words[index] |= other.words[index] }
        joined.count += other.count
        return joined
    }
}
