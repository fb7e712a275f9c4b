extension DumpShape {
    /// Shape of `hexdump -C` and `hd`: pairs with a blank more in the middle, text between bars, `*` for repeated
    /// lines, and the end's offset in a line of its own.
    ///
    ///     00000000  0a 12 12 10 12 0e 0a 02  01 02 12 02 05 06 2a 04  |..............*.|
    ///     00000010
    static let hexdumpCanonical: [DumpShape] = [
        DumpShape(
            name: "hex dump (hexdump -C)", radices: [16], offsetDigits: 8, offsetGap: 2...2, unit: .hex(groupBytes: 1),
            hasMiddleGap: true, text: .between(UInt8(ascii: "|"), UInt8(ascii: "|")), hasEnd: true)
    ]

    /// Shape of `hexdump` without `-C` and of `od -x`: words of 16 bits as the machine has them, so that each two bytes
    /// are swapped (`hexdump -x` with more blanks). The end's offset tells if the last byte counts.
    ///
    ///     0000000 120a 1012 0e12 020a 0201 0212 0605 042a
    ///     0000010
    static let hexdumpWords: [DumpShape] = [
        DumpShape(
            name: "dump of 16-bit words (hexdump)", radices: [16, 8, 10], offsetDigits: 6, offsetGap: 1...4,
            unit: .number(radix: 16, digits: 4, bytes: 2), gap: 1...4, width: 0,
            text: .between(UInt8(ascii: ">"), UInt8(ascii: "<")), hasEnd: true)
    ]
}
