/// What the lines of a dump look like: an offset, columns of digits, and often the same bytes as text. One for each program
/// that writes dumps; each has a file of its own.
struct DumpShape: Sendable {
    /// A column: how many digits to what base, standing for how many bytes.
    enum Unit: Sendable, Hashable {
        /// Pairs of hexadecimal digits, in groups of so many bytes (0: of any size, all groups of a dump being equal but
        /// for the last of a line), in the order of the bytes.
        case hex(groupBytes: Int)
        /// A number with all its digits, little-endian in the bytes: `3130` to base 16 is `30 31`.
        case number(radix: Int, digits: Int, bytes: Int)
        /// The same to base 16, where the last of a line may have fewer bytes, and digits.
        case littleEndianWord(bytes: Int)
        /// A decimal number of one byte without leading zeros, perhaps negative.
        case decimalByte
    }

    /// How the text behind the columns stands.
    enum Text: Sendable, Hashable {
        case none
        /// So many blanks behind the last column of a full line; of a shorter line where it stands in a full one. Where
        /// there are no bytes there is no text either.
        case plain(gap: Int)
        /// Between two characters: `|text|`, `>text<`.
        case between(UInt8, UInt8)
    }

    /// How the form is called.
    var name: String
    /// The bases that its offsets can have, the likeliest first.
    var radices: [Int]
    /// Digits of an offset, at least.
    var offsetDigits: Int
    /// What stands before the offset's digits, and behind them.
    var offsetPrefix: [UInt8] = []
    var offsetSuffix: [UInt8] = []
    /// Blanks between the offset and the first column.
    var offsetGap: ClosedRange<Int>
    var unit: Unit
    /// Blanks between two columns.
    var gap: ClosedRange<Int> = 1...1
    /// One blank more stands after the eighth byte: `true` always, `false` never, `nil` perhaps.
    var hasMiddleGap: Bool? = false
    /// Bytes of a full line; 0 for any number.
    var width = 16
    var text = Text.none
    /// The last line is an offset alone, that of the end.
    var hasEnd = false
    /// Lines between the blocks (times, addresses, details) are usual and no loss.
    var isPacketViewer = false

    /// All of them. Of two that read a text equally well, the first one names it.
    static let all: [DumpShape] =
        xxd + hexdumpCanonical + packetViewers + tcpdump + odBytes + hexdumpWords + odNumbers
}
