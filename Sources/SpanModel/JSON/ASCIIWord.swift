/// Eight bytes of text at once.
enum ASCIIWord {
    /// The high bit of each byte that JSON cannot hold in a string as it is: a quote, a backslash, a control character. The
    /// lowest bit set is exact, bits above it may be wrong.
    @inline(__always)
    static func specials(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let found =
            (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | (word &- ones &* 0x20) & ~word
        return found & highBits
    }

    /// The high bit of every byte: what is set there is no ASCII.
    static let highBits: UInt64 = 0x8080_8080_8080_8080
}
