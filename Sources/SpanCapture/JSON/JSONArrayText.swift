import SpanModel

/// An array of JSON documents, converted to documents one after the other. Brackets and commas between the elements
/// become blanks, so that every byte keeps its offset and faults count in the original text.
///
/// Several arrays may follow each other, as in a file to which a program appends.
enum JSONArrayText {
    /// Returns `true` for text that starts with `[`, white space aside.
    static func starts(_ text: [UInt8]) -> Bool {
        let (first, _) = significant(text)
        return first == UInt8(ascii: "[")
    }

    /// Returns `true` for text that starts with `[` and then an object, another array or nothing; `[10, 13` may be
    /// something else.
    static func startsWithDocument(_ text: [UInt8]) -> Bool {
        let (first, second) = significant(text)
        guard first == UInt8(ascii: "["), let second else { return false }
        return second == UInt8(ascii: "{") || second == UInt8(ascii: "]") || second == UInt8(ascii: "[")
    }

    /// Returns the first two characters that are not white space.
    private static func significant(_ text: [UInt8]) -> (UInt8?, UInt8?) {
        var significant = text.lazy.filter { !$0.isTextSpace }.makeIterator()
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { for _ in 0..<3 { _ = significant.next() } }
        return (significant.next(), significant.next())
    }

    /// Converts arrays of documents.
    ///
    /// - Returns: the text with blanks, the number of elements, and the fault: `truncated` when the text ends inside an
    ///   array, `invalidJSON` for something that does not belong between elements.
    static func documents(of text: [UInt8]) -> (documents: [UInt8], count: Int, fault: CaptureError?) {
        var blanked = text
        var count = 0
        var depth = 0
        // What may stand next in the outermost array.
        var wantsElement = true
        var isBehindComma = false
        var position = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        func fault(_ words: String) -> CaptureError { CaptureError(.invalidJSON, words, offset: position) }
        while position < text.count {
            let character = text[position]
            switch character {
            case UInt8(ascii: "\""):
                guard depth > 1 else { return (blanked, count, scalar("a string", position)) }
                position = endOfString(text, position)
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if depth == 0 {
                    guard character == UInt8(ascii: "[") else {
                        return (blanked, count, fault("something behind the array of documents"))
                    }
                    blanked[position] = 0x20
                    wantsElement = true
                } else if depth == 1 {
                    isBehindComma = false
                    guard wantsElement else { return (blanked, count, fault("no comma between two documents")) }
                    count += 1
                    wantsElement = false
                }
                depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                guard depth != 1 || !isBehindComma else { return (blanked, count, fault("a comma without a document")) }
                depth -= 1
                guard depth >= 0 else { return (blanked, count, fault("a bracket that closes nothing")) }
                if depth == 0 { blanked[position] = 0x20 }
            case UInt8(ascii: ","):
                if depth == 1 {
                    guard !wantsElement else { return (blanked, count, fault("a comma without a document")) }
                    blanked[position] = 0x20
                    wantsElement = true
                    isBehindComma = true
                } else if depth == 0 {
                    return (blanked, count, fault("something behind the array of documents"))
                }
            default:
                if depth <= 1, !character.isTextSpace {
                    let words = JSONScalars.word(text, at: position)
                    return (
                        blanked, count,
                        depth == 1 && words != nil
                            ? scalar(words ?? "", position) : fault("something that is no document in an array of them")
                    )
                }
            }
            position += 1
        }
        guard depth == 0 else {
            return (
                blanked, count,
                CaptureError(.truncated, "the input ends inside an array of documents", offset: text.count)
            )
        }
        return (blanked, count, nil)
    }

    private static func scalar(_ words: String, _ position: Int) -> CaptureError {
        CaptureError(
            CaptureError.Code(rawValue: JSONError.Code.wrongType.rawValue), "\(words) where an object is expected",
            offset: position)
    }

    /// Returns the position of the closing quote, or of the last byte.
    private static func endOfString(_ text: [UInt8], _ start: Int) -> Int {
        var position = start + 1
        while position < text.count, text[position] != UInt8(ascii: "\"") {
            position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(position, text.count - 1)
    }
}
