extension DumpShape {
    /// Shape of `tcpdump -x`, `-xx` (without text), `-X` and `-XX`: below a line that tells the packet, an offset with
    /// `0x` and a colon, groups of two bytes, two blanks, text in which blanks are dots too.
    ///
    ///             0x0000:  4500 003c 3bde 4000 4006 00dc 7f00 0001  E..<;.@.@.......
    ///             0x0010:  7f00 0001 874c                           .....L
    static let tcpdump: [DumpShape] = [
        DumpShape(
            name: "hex dump (tcpdump)", radices: [16], offsetDigits: 4, offsetPrefix: Array("0x".utf8),
            offsetSuffix: Array(":".utf8), offsetGap: 1...2, unit: .hex(groupBytes: 2), text: .plain(gap: 2),
            isPacketViewer: true)
    ]
}
