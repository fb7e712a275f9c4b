extension DumpShape {
    /// Shapes of `tshark -x` and Wireshark's "as hex dump": four digits or more, pairs, three blanks, text, in lines of
    /// 16 bytes; the text of a short line stands below the others. scapy's `hexdump` has two blanks, and capital
    /// letters. Each packet starts at offset 0 again. Old versions have a blank more in the middle.
    ///
    ///     0000  0a 12 12 10 12 0e 0a 02 01 02 12 02 05 06 2a 04   ..............*.
    ///     0010  6f 6b 6f 6b                                       okok
    static let packetViewers: [DumpShape] = [3, 2].map { gap in
        DumpShape(
            name: gap == 3 ? "hex dump (tshark)" : "hex dump (scapy)", radices: [16], offsetDigits: 4,
            offsetGap: 2...3, unit: .hex(groupBytes: 1), hasMiddleGap: nil, text: .plain(gap: gap),
            isPacketViewer: true)
    }
}
