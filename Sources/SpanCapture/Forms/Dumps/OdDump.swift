extension DumpShape {
    private static let angles = Text.between(UInt8(ascii: ">"), UInt8(ascii: "<"))

    /// Shape of `od -t x1`: pairs, offsets to base 8 (`-A x` 16, `-A d` 10), with `z` the text between angle brackets,
    /// `*` for repeated lines, and the end's offset in a line of its own.
    ///
    ///     0000000 0a 12 12 10 12 0e 0a 02 01 02 12 02 05 06 2a 04
    ///     000010 6f 6b 6f 6b                                      >okok<
    static let odBytes: [DumpShape] = [
        DumpShape(
            name: "hex dump (od)", radices: [8, 16, 10], offsetDigits: 6, offsetGap: 1...1, unit: .hex(groupBytes: 1),
            width: 0, text: angles, hasEnd: true)
    ]

    /// Shapes of `od` of numbers: octal words of 16 bits without options (`hexdump -o` with more blanks), octal bytes
    /// with `-t o1` (`hexdump -b`), 32- and 64-bit words with `-t x4` and `-t x8`, decimal bytes with `-t u1` and `-t
    /// d1`, decimal words with `hexdump -d`. All are little-endian.
    ///
    ///     0000000 011012 010022 007022 001012 001001 001022 003005 002052
    ///     0000000 012 022 022 020 022 016 012 002 001 002 022 002 005 006 052 004
    ///     0000000 1012120a 020a0e12 02120201 042a0605
    ///     0000000  10  18  18  16  18  14  10   2   1   2  18   2   5   6  42   4
    ///
    /// `od -t x1` of BSD and macOS has the blanks of decimal numbers.
    ///
    ///     0000000    0a  12  12  10  12  0e  0a  02  01  02  12  02  05  06  2a  04
    static let odNumbers: [DumpShape] = [
        numbers("dump of octal words (od)", .number(radix: 8, digits: 6, bytes: 2)),
        numbers("dump of octal bytes (od -t o1)", .number(radix: 8, digits: 3, bytes: 1)),
        numbers("dump of 32-bit words (od -t x4)", .number(radix: 16, digits: 8, bytes: 4)),
        numbers("dump of 64-bit words (od -t x8)", .number(radix: 16, digits: 16, bytes: 8)),
        numbers("dump of octal 32-bit words (od -t o4)", .number(radix: 8, digits: 11, bytes: 4)),
        numbers("dump of decimal words (hexdump -d)", .number(radix: 10, digits: 5, bytes: 2)),
        numbers("dump of decimal bytes (od -t u1)", .decimalByte),
        numbers("hex dump (od)", .number(radix: 16, digits: 2, bytes: 1)),
    ]

    private static func numbers(_ name: String, _ unit: Unit) -> DumpShape {
        DumpShape(
            name: name, radices: [8, 16, 10], offsetDigits: 6, offsetGap: 1...5, unit: unit, gap: 1...5, width: 0,
            text: angles, hasEnd: true)
    }
}
