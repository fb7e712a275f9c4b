/// Shape of a dump's lines: an offset, columns of digits, and often the same bytes as text. There is one for each
/// program that writes dumps, in a file of its own.
struct DumpShape: Sendable {
    /// Form of a column: number and base of its digits, and the bytes that they stand for.
    enum Unit: Sendable, Hashable {
        /// Pairs of hexadecimal digits in the order of the bytes, in groups of a number of bytes. 0 stands for any
        /// size, equal for all groups of a dump but the last of a line.
        case hex(groupBytes: Int)
        /// A number with all its digits, little-endian in the bytes: `3130` to base 16 is `30 31`.
        case number(radix: Int, digits: Int, bytes: Int)
        /// A hexadecimal number, little-endian in the bytes; the last one of a line may have fewer bytes, and digits.
        case littleEndianWord(bytes: Int)
        /// A decimal number of one byte without leading zeros, perhaps negative.
        case decimalByte
    }

    /// Place of the text behind the columns.
    enum Text: Sendable, Hashable {
        case none
        /// The text follows the last column of a full line after a number of blanks, and stands in the same column of a
        /// shorter line. Without bytes there is no text.
        case plain(gap: Int)
        /// The text stands between two characters: `|text|`, `>text<`.
        case between(UInt8, UInt8)
    }

    /// Name of the form, as messages use it.
    var name: String
    /// Bases that the offsets may have, the likeliest first.
    var radices: [Int]
    /// Least number of digits of an offset.
    var offsetDigits: Int
    /// Text before the offset's digits.
    var offsetPrefix: [UInt8] = []
    /// Text behind the offset's digits.
    var offsetSuffix: [UInt8] = []
    /// Number of blanks between the offset and the first column.
    var offsetGap: ClosedRange<Int>
    var unit: Unit
    /// Number of blanks between two columns.
    var gap: ClosedRange<Int> = 1...1
    /// Rule for one blank more after the eighth byte: `true` always, `false` never, `nil` perhaps.
    var hasMiddleGap: Bool? = false
    /// Number of bytes of a full line; 0 for any number.
    var width = 16
    var text = Text.none
    /// `true` when the last line is an offset alone, that of the end.
    var hasEnd = false
    /// `true` when lines between the blocks (times, addresses, details) are usual and no loss.
    var isPacketViewer = false

    /// All shapes. When two read a text equally well, the first one names it.
    static let all: [DumpShape] =
        xxd + hexdumpCanonical + packetViewers + tcpdump + odBytes + hexdumpWords + odNumbers
}
