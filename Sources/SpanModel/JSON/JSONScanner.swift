import ProtoWire

/// Cursor over JSON text: white space, punctuation, literals, and values that are skipped.
///
/// Source: RFC 8259.
struct JSONScanner: ~Escapable {
    let text: RawSpan
    /// Offset of the next byte to read.
    var cursor = 0
    /// Offset at which reading ends: the end of the text, or earlier when a document would be too large.
    private(set) var end: Int
    let repairs: Bool
    private let maxDocumentBytes: Int
    /// Unescaped value of the last string with escapes; kept for its storage.
    var scratch: [UInt8] = []

    @_lifetime(copy text)
    init(_ text: RawSpan, options: DecodeOptions) {
        self.text = text
        end = text.byteCount
        repairs = options.invalidUTF8 == .repair
        maxDocumentBytes = options.limits.maxPayloadBytes
        // A byte order mark says nothing in UTF-8, and some editors write one.
        if text.byteCount >= 3, byte(0) == 0xEF, byte(1) == 0xBB, byte(2) == 0xBF { cursor = 3 }
    }

    @inline(__always)
    func byte(_ position: Int) -> UInt8 {
        // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
        unsafe text.unsafeLoad(fromByteOffset: position, as: UInt8.self)
    }

    /// Returns eight bytes, the first one in the lowest bits.
    @inline(__always)
    func word(_ position: Int) -> UInt64 {
        // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt64.
        UInt64(littleEndian: unsafe text.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    /// Moves over white space.
    @inline(__always)
    mutating func skipSpace() {
        guard cursor < end, byte(cursor) <= 0x20 else { return }
        skipSpaces()
    }

    private mutating func skipSpaces() {
        while cursor < end {
            // Indented text has long runs of spaces.
            while end - cursor >= 8, word(cursor) == 0x2020_2020_2020_2020 { cursor += 8 }
            guard cursor < end else { return }
            switch byte(cursor) {
            case 0x20, 0x0A, 0x0D, 0x09: cursor += 1
            default: return
            }
        }
    }

    /// Goes on at an offset, which is clamped to the text.
    mutating func resume(at offset: Int) {
        cursor = min(max(offset, 0), text.byteCount)
        end = text.byteCount - cursor <= maxDocumentBytes ? text.byteCount : cursor + maxDocumentBytes
    }

    /// Moves over white space to the next document.
    ///
    /// - Returns: `false` at the end of the text.
    mutating func startDocument() -> Bool {
        end = text.byteCount
        skipSpace()
        guard cursor < end else { return false }
        end = end - cursor <= maxDocumentBytes ? end : cursor + maxDocumentBytes
        return true
    }

    /// Moves over white space and returns the next byte, which is not consumed.
    @inline(__always)
    mutating func peek() throws(JSONError) -> UInt8 {
        skipSpace()
        guard cursor < end else { throw ended(at: cursor) }
        return byte(cursor)
    }

    /// Reads one character of punctuation, white space before it included.
    @inline(__always)
    mutating func expect(_ character: UInt8) throws(JSONError) {
        guard try peek() == character else { throw unexpected(character) }
        cursor += 1
    }

    /// Reads the separator behind an element: `true` for a comma, `false` for the character that closes the object or
    /// array.
    @inline(__always)
    mutating func another(closing: UInt8) throws(JSONError) -> Bool {
        let next = try peek()
        guard next == UInt8(ascii: ",") || next == closing else { throw unexpected(closing, orComma: true) }
        cursor += 1
        return next != closing
    }

    /// Reads `true`, `false` or `null`.
    mutating func literal(_ word: String) throws(JSONError) {
        let start = cursor
        for letter in word.utf8 {
            guard cursor < end else { throw ended(at: start) }
            guard byte(cursor) == letter else {
                throw JSONError(.invalidJSON, "a word that is not true, false or null", offset: start)
            }
            cursor += 1
        }
    }

    /// Returns `true` when the bytes of `labels` in a range also stand here.
    @inline(__always)
    func stands(_ labels: borrowing RawSpan, _ range: Range<Int>) -> Bool {
        let count = range.count
        guard end - cursor >= count else { return false }
        var position = 0
        // Proof for both: checked against the spans' bounds by the callee; every bit pattern is a UInt64 and a UInt8.
        while count - position >= 8 {
            let wanted = unsafe labels.unsafeLoadUnaligned(
                fromByteOffset: range.lowerBound + position, as: UInt64.self)
            if UInt64(littleEndian: wanted) != word(cursor + position) { return false }
            position += 8
        }
        while position < count {
            let wanted = unsafe labels.unsafeLoad(fromByteOffset: range.lowerBound + position, as: UInt8.self)
            if wanted != byte(cursor + position) { return false }
            position += 1
        }
        return true
    }

    // MARK: Values that nobody wants

    /// Moves over one value of any kind, however it is nested, and checks it as if it were read.
    ///
    /// The loop is iterative, so that the limit alone, not the stack, bounds the depth.
    mutating func skipValue(depthLeft: Int) throws(JSONError) {
        var closings: [UInt8] = []
        while true {
            switch try peek() {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard closings.count < depthLeft else {
                    throw JSONError(.tooDeep, "objects and arrays inside each other beyond the limit", offset: cursor)
                }
                let isObject = byte(cursor) == UInt8(ascii: "{")
                let closing = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
                cursor += 1
                if try peek() == closing {
                    cursor += 1
                    break
                }
                closings.append(closing)
                if isObject { try skipKey() }
                continue
            case UInt8(ascii: "\""): _ = try string()
            case UInt8(ascii: "t"): try literal("true")
            case UInt8(ascii: "f"): try literal("false")
            case UInt8(ascii: "n"): try literal("null")
            default: _ = try number()
            }
            while let closing = closings.last {
                if try another(closing: closing) {
                    if closing == UInt8(ascii: "}") { try skipKey() }
                    break
                }
                closings.removeLast()
            }
            if closings.isEmpty { return }
        }
    }

    private mutating func skipKey() throws(JSONError) {
        _ = try key()
        try expect(UInt8(ascii: ":"))
    }

    // MARK: Faults

    /// Returns the error for a text that ends where a value should go on.
    ///
    /// - Parameter start: offset of the value that is not whole.
    func ended(at start: Int) -> JSONError {
        end < text.byteCount
            ? JSONError(
                .payloadTooLarge, "a document of more than \(maxDocumentBytes.counted("byte")), the limit",
                offset: start)
            : JSONError(
                .truncated, "the text ends after \(text.byteCount.counted("byte")), inside a document", offset: start)
    }

    private func unexpected(_ character: UInt8, orComma: Bool = false) -> JSONError {
        let wanted = "'\(Character(UnicodeScalar(character)))'" + (orComma ? " or ','" : "")
        return JSONError(.invalidJSON, "\(kind(at: cursor)) where \(wanted) is expected", offset: cursor)
    }

    /// Returns the error for a value of another kind than the field has.
    func wrongType(expected: String) -> JSONError {
        JSONError(.wrongType, "\(kind(at: cursor)) where \(expected) is expected", offset: cursor)
    }

    /// Returns the kind of value that starts at an offset within bounds, in words.
    private func kind(at position: Int) -> String {
        switch byte(position) {
        case UInt8(ascii: "{"): "an object"
        case UInt8(ascii: "["): "an array"
        case UInt8(ascii: "\""): "a string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): "true or false"
        case UInt8(ascii: "n"): "null"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): "a number"
        case 0x21..<0x7F: "'\(Character(UnicodeScalar(byte(position))))'"
        default: "byte \(byte(position))"
        }
    }
}
