extension DumpShape {
    /// Shapes of `xxd`: an offset with a colon, groups of two bytes (`-g` of any number), two blanks, text; the lines
    /// have 16 bytes (`-c` any number). `xxd -b` has binary digits, `-e` little-endian words, `-d` decimal offsets, and
    /// `-a` writes `*` for lines of zeros.
    ///
    ///     00000000: 0a12 1210 120e 0a02 0102 1202 0506 2a04  ..............*.
    ///     00000000: 00001010 00010010 00010010 00010000 00010010 00001110  ......
    ///     00000000: 1012120a 020a0e12 02120201 042a0605  ..............*.
    static let xxd: [DumpShape] = [
        // Binary digits are hexadecimal ones too.
        DumpShape(
            name: "binary dump (xxd -b)", radices: [16, 10], offsetDigits: 4, offsetSuffix: Array(":".utf8),
            offsetGap: 1...1, unit: .number(radix: 2, digits: 8, bytes: 1), width: 0, text: .plain(gap: 2)),
        DumpShape(
            name: "hex dump (xxd)", radices: [16, 10], offsetDigits: 4, offsetSuffix: Array(":".utf8), offsetGap: 1...2,
            unit: .hex(groupBytes: 0), width: 0, text: .plain(gap: 2)),
        DumpShape(
            name: "hex dump of little-endian words (xxd -e)", radices: [16, 10], offsetDigits: 4,
            offsetSuffix: Array(":".utf8), offsetGap: 1...7, unit: .littleEndianWord(bytes: 4), gap: 1...7,
            width: 0, text: .plain(gap: 2)),
    ]
}
