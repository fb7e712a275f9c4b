/// Bearer tokens as people and programs write them down: a file with one token a line, a variable of the environment
/// with blanks between them.
///
/// A token has at least 16 characters of those that RFC 6750 (section 2.1, `b64token`) gives it: letters and digits of
/// ASCII, `-`, `.`, `_`, `~`, `+`, `/`, and behind them any number of `=`. Whatever is anything else is an error and
/// never a token, so that no slip of a pen opens a door.
public enum BearerTokenText {
    /// The least number of characters in a token; fewer can be guessed.
    public static let minimumLength = 16

    /// The tokens of a file, one a line.
    ///
    /// Lines end with a line feed, or with a carriage return and a line feed; the last may lack its end. Blanks (spaces
    /// and tabs) around a line are no part of it. A line without anything, and one that starts with `#`, a comment,
    /// stand for nothing.
    ///
    /// - Returns: the tokens in the file's order, with what stands twice twice; none for a file without any.
    /// - Throws: the first line that is something else.
    public static func tokens(inLines bytes: [UInt8]) throws(BearerTokenFault) -> [String] {
        var tokens: [String] = []
        for (index, line) in bytes.split(separator: Byte.lineFeed, omittingEmptySubsequences: false).enumerated() {
            let content = line.last == Byte.carriageReturn ? line.dropLast() : line
            let line = content.trimmingBlanks
            guard let first = line.first, first != Byte.numberSign else { continue }
            if index == 0, line.starts(with: Byte.byteOrderMark) { throw BearerTokenFault(number: 1, .byteOrderMark) }
            tokens.append(try token(line, number: index + 1))
        }
        return tokens
    }

    /// The tokens of a variable of the environment, with blanks or line ends between them. There are no comments.
    ///
    /// - Returns: the tokens in their order; none for a text of blanks.
    /// - Throws: the first word that is no token.
    public static func tokens(inWords text: String) throws(BearerTokenFault) -> [String] {
        let words = Array(text.utf8).split { Byte.isBlank($0) || $0 == Byte.lineFeed || $0 == Byte.carriageReturn }
        var tokens: [String] = []
        for (index, word) in words.enumerated() { tokens.append(try token(word, number: index + 1)) }
        return tokens
    }

    private static func token(_ bytes: ArraySlice<UInt8>, number: Int) throws(BearerTokenFault) -> String {
        var isPadding = false
        var length = 0
        for byte in bytes {
            length += 1
            if byte == Byte.equals, length > 1 {
                isPadding = true
            } else if isPadding || !Byte.isTokenCharacter(byte) {
                throw BearerTokenFault(number: number, Byte.fault(of: byte))
            }
        }
        guard length >= minimumLength else { throw BearerTokenFault(number: number, .tooShort) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A fault in a text with bearer tokens: the line and the reason, never what stands there.
public struct BearerTokenFault: Error, Sendable, Hashable {
    /// The reason for which a line is no token.
    public enum Reason: Sendable, Hashable {
        /// There are blanks inside: several tokens, or none.
        case blankInside
        /// A byte below 32, or 127.
        case controlCharacter
        /// A byte of 128 or more.
        case notASCII
        /// A character of ASCII that no token has, or a `=` that is not at the end.
        case otherCharacter
        /// The file begins with the bytes that some editors mark UTF-8 by.
        case byteOrderMark
        /// Fewer than `BearerTokenText.minimumLength` characters.
        case tooShort
    }

    /// Which line or word it is, counted from 1.
    public var number: Int
    /// The reason for which the line is no token.
    public var reason: Reason

    init(number: Int, _ reason: Reason) {
        self.number = number
        self.reason = reason
    }

    /// The words for the reason and the remedy, to be said behind the line's number.
    public var words: String {
        switch reason {
        case .blankInside: "has blanks inside; write one token a line, and # in front of a comment"
        case .controlCharacter: "holds a control character; a token is plain text"
        case .notASCII:
            "holds a byte that is not ASCII; a token has letters, digits and - . _ ~ + / alone, and = at its end"
        case .otherCharacter:
            "holds a character that a token cannot have; it has letters, digits and - . _ ~ + / alone, and = at its end"
        case .byteOrderMark: "begins with a byte order mark; save the file without one"
        case .tooShort:
            "is shorter than \(BearerTokenText.minimumLength) characters; take one that cannot be guessed, such as "
                + "openssl rand -hex 32 makes"
        }
    }
}

/// Bytes of ASCII that matter here.
private enum Byte {
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let numberSign = UInt8(ascii: "#")
    static let equals = UInt8(ascii: "=")
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Characters of a token, in front of the signs that fill it up.
    static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "+"),
            UInt8(ascii: "/"):
            true
        default: false
        }
    }

    static func fault(of byte: UInt8) -> BearerTokenFault.Reason {
        if isBlank(byte) { return .blankInside }
        if byte >= 128 { return .notASCII }
        return byte < 32 || byte == 127 ? .controlCharacter : .otherCharacter
    }
}

extension ArraySlice<UInt8> {
    fileprivate var trimmingBlanks: ArraySlice {
        var text = drop(while: Byte.isBlank)
        while let last = text.last, Byte.isBlank(last) { text.removeLast() }
        return text
    }
}
