/// Tests on eight bytes of text at once.
enum ASCIIWord {
    /// Returns the high bit of each byte that a JSON string cannot hold as it is: a quote, a backslash, a control
    /// character. The lowest bit set is exact, bits above it may be wrong.
    @inline(__always)
    static func specials(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let found =
            (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | (word &- ones &* 0x20) & ~word
        return found & highBits
    }

    /// High bit of every byte; a byte with it set is not ASCII.
    static let highBits: UInt64 = 0x8080_8080_8080_8080
}
