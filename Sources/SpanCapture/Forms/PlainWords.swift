/// Recognition of text for people.
enum PlainWords {
    private static let maxBytes = 4096

    /// Returns `true` when the bytes are printable text.
    static func areWords(_ bytes: [UInt8]) -> Bool {
        let start = bytes.prefix(maxBytes)
        guard start.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0.isTextSpace || $0 == 0x0C || $0 == 0x1B }) else {
            return false
        }
        // The last character may have been cut.
        var text = start
        while bytes.count > maxBytes, let last = text.last, last >= 0x80 { text.removeLast() }
        return !text.isEmpty && String(validating: text, as: UTF8.self) != nil
    }

    /// Returns `true` when blanks stand between the characters of a line.
    static func haveBlanks(_ bytes: [UInt8]) -> Bool {
        bytes.split { $0 == 0x0A || $0 == 0x0D }.contains { line in
            guard let first = line.firstIndex(where: { !$0.isTextSpace }),
                let last = line.lastIndex(where: { !$0.isTextSpace })
            else { return false }
            return line[first...last].contains { $0.isTextSpace }
        }
    }
}
