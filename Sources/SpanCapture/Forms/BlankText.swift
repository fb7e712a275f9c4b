/// Text of white space alone, in any way that programs write it.
enum BlankText {
    /// Whether there are bytes, and all of them are white space: of Unicode (tabs and form feeds, no-break spaces), marks
    /// of the byte order and blanks without a width. No bytes at all are an empty message, and not blank.
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
