/// Text as programs on other systems write it, converted to the form that is read here.
enum PlainText {
    /// Returns UTF-16 with a byte order mark, as PowerShell writes it, as UTF-8; `nil` for everything else. No message
    /// and no frame starts with such a mark.
    static func fromUTF16(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count > 2, bytes.count % 2 == 0 else { return nil }
        let isLittle = bytes.starts(with: [0xFF, 0xFE])
        guard isLittle || bytes.starts(with: [0xFE, 0xFF]) else { return nil }
        let units = stride(from: 2, to: bytes.count, by: 2).lazy.map { position in
            let (first, second) = (UInt16(bytes[position]), UInt16(bytes[position + 1]))
            return isLittle ? second << 8 | first : first << 8 | second
        }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count / 2)
        let isBroken = transcode(
            units.makeIterator(), from: UTF16.self, to: UTF8.self, stoppingOnError: true, into: { text.append($0) })
        return isBroken ? nil : text
    }

    /// Returns the text with blanks for a byte order mark and for no-break spaces, and line feeds for carriage returns
    /// that stand alone. Only no-break spaces move what is behind them.
    static func normalized(_ text: [UInt8]) -> [UInt8] {
        var text = text
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text.replaceSubrange(0..<3, with: [0x20, 0x20, 0x20]) }
        var end = 0
        var position = 0
        while position < text.count {
            let byte = text[position]
            let next = position + 1 < text.count ? text[position + 1] : 0
            if byte == 0xC2, next == 0xA0 {
                text[end] = 0x20
                position += 1
            } else {
                text[end] = byte == 0x0D && next != 0x0A ? 0x0A : byte
            }
            (position, end) = (position + 1, end + 1)
        }
        text.removeLast(text.count - end)
        return text
    }
}
