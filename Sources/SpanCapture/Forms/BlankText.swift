/// Recognition of text that is white space alone.
enum BlankText {
    /// Returns `true` when there are bytes and all of them are white space of Unicode (tabs, form feeds, no-break
    /// spaces), byte order marks or zero-width spaces. No bytes at all are an empty message, and not blank.
    static func isBlank(_ bytes: [UInt8]) -> Bool {
        // A mark of UTF-16 alone.
        if bytes == [0xFF, 0xFE] || bytes == [0xFE, 0xFF] { return true }
        var source = bytes.makeIterator()
        var decoder = UTF8()
        // Most bytes are told by the first.
        while true {
            switch decoder.decode(&source) {
            case .scalarValue(let scalar):
                guard scalar.properties.isWhitespace || scalar == "\u{FEFF}" || scalar == "\u{200B}" else {
                    return false
                }
            case .emptyInput: return !bytes.isEmpty
            case .error: return false
            }
        }
    }
}
