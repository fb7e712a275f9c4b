// The classes of POSIX, and words for what other regular expressions have and these do not.
extension PatternParser {
    /// Refuses a POSIX class without the set around it: `[:alpha:]`, `[^:alpha:]`.
    ///
    /// - Parameter start: index of the set, whose bracket and `^` have been read.
    func checkForBareClass(from start: Int, isInverted: Bool) throws(SpanFilterError) {
        guard let word = colonWord(at: position), word.isClosed, scalar(at: word.end + 1) == "]" else { return }
        throw fault(
            "a class outside of a set", at: start, hint: "write [\(isInverted ? "^" : "")[:\(word.name):]]")
    }

    /// Reads a POSIX class within a set, when one stands here.
    ///
    /// - Returns: `true` when a class was read.
    /// - Throws: `pattern` for a class that POSIX does not have; for `[:`, `[.` and `[=` without a class, with which
    ///   one begins in POSIX; for `:alpha:` without its brackets.
    mutating func skipClass(adding ranges: inout [ClosedRange<UInt32>]) throws(SpanFilterError) -> Bool {
        if let word = colonWord(at: position), Self.set(of: word.name) != nil,
            word.isClosed || scalar(at: word.end) == "]"
        {
            throw fault(
                "a class without its brackets", at: position,
                hint: "write [:\(word.name):] within the set, or \\: for the colon")
        }
        guard scalar(at: position) == "[" else { return false }
        switch scalar(at: position + 1) {
        case ":": break
        case ".", "=":
            throw fault(
                "a set within a set", at: position,
                hint: "[.a.] and [=a=] are not known; write the characters themselves, and \\[ for a bracket")
        default: return false
        }
        guard let word = colonWord(at: position + 1), word.isClosed, scalar(at: word.end + 1) == "]" else {
            let name = colonWord(at: position + 1).map(\.name) ?? ""
            let isKnown = Self.set(of: name) != nil
            throw fault(
                "a class that is not closed", at: position,
                hint: (isKnown ? "write [[:\(name):]], and " : "write ") + "\\[ for a bracket")
        }
        guard let set = Self.set(of: word.name) else {
            throw fault(
                "an unknown class", at: position,
                hint: "classes are " + ScalarSet.classes.keys.sorted().joined(separator: ", "))
        }
        ranges += set.ranges
        position = word.end + 2
        return true
    }

    /// Returns the class `alpha`, or all but its characters for `^alpha`.
    private static func set(of name: String) -> ScalarSet? {
        name.hasPrefix("^") ? ScalarSet.classes[String(name.dropFirst())]?.inverted : ScalarSet.classes[name]
    }

    /// Returns the letters behind a colon at the index, and `isClosed` when a second colon follows them.
    private func colonWord(at index: Int) -> (name: String, end: Int, isClosed: Bool)? {
        guard scalar(at: index) == ":" else { return nil }
        var name = ""
        var end = index + 1
        while let letter = scalar(at: end), letter.isASCIILetter || letter == "^" {
            name.unicodeScalars.append(letter)
            end += 1
        }
        return name.isEmpty ? nil : (name, end, scalar(at: end) == ":")
    }

    private func scalar(at index: Int) -> Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    /// Refuses a hyphen behind a class, from which no range can start, unless it ends the set.
    func checkForRange() throws(SpanFilterError) {
        guard scalar(at: position) == "-", let end = scalar(at: position + 1), end != "]" else { return }
        throw fault("a range that begins with a class", at: position, hint: Self.hyphen)
    }

    static let hyphen = "put the - first or last for the character"

    /// Returns the error for a group that begins with an unknown `(?`, whose question mark has been read; its hint says
    /// what to write instead.
    func unknownGroup(from start: Int) -> SpanFilterError {
        let next = position < scalars.count ? scalars[position] : " "
        let after = position + 1 < scalars.count ? scalars[position + 1] : " "
        let hint =
            switch next {
            case "=", "!": "patterns do not look ahead; join terms instead, as in name~a not name~b"
            case "<" where after == "=" || after == "!": "patterns do not look behind; join terms instead"
            case "<", "P", "'": "groups have no names; write ( )"
            case "#": "there are no comments; leave it out"
            case "i": "there are no options; write both cases, as in [Gg][Ee][Tt]"
            case _ where next.isASCIILetter || next == "-" || next == "^": "there are no options; leave it out"
            default: "( ) and (?: ) are known"
            }
        return fault("an unknown kind of group", at: start, hint: hint)
    }

    /// Returns the error for an unknown escape of a letter, of a digit, or of `<` and `>`, which are ends of words
    /// elsewhere; its hint says what to write instead.
    func unknownEscape(_ scalar: Unicode.Scalar, at start: Int) -> SpanFilterError {
        let hint =
            switch scalar {
            case "b", "B": "write (^|\\W) and (\\W|$) for the ends of a word"
            case "<", ">": "write \(scalar) for the character, (^|\\W) and (\\W|$) for the ends of a word"
            case "Q", "E": "write a backslash before each character that is to stand for itself"
            case "A": "write ^ for the start of the text"
            case "z", "Z": "write $ for the end of the text"
            case "p", "P": "write ranges, such as [à-ÿ], or a class of ASCII, such as [[:alpha:]]"
            case "x", "U", "f", "v", "a", "e", "0": "write its number, as in \\u{1f600}"
            case "1"..."9", "k", "g": "there are no references to groups; write it out"
            default: "\\d \\w \\s \\D \\W \\S \\n \\r \\t \\u{…} are known"
            }
        return fault("an unknown escape", at: start, hint: hint)
    }
}

extension ScalarSet {
    /// Character classes of POSIX, restricted to ASCII.
    static let classes: [String: ScalarSet] = [
        "alnum": ScalarSet([0x30...0x39, 0x41...0x5A, 0x61...0x7A]), "alpha": ScalarSet([0x41...0x5A, 0x61...0x7A]),
        "blank": ScalarSet([0x09...0x09, 0x20...0x20]), "cntrl": ScalarSet([0x00...0x1F, 0x7F...0x7F]),
        "digit": digits, "graph": ScalarSet([0x21...0x7E]), "lower": ScalarSet([0x61...0x7A]),
        "print": ScalarSet([0x20...0x7E]),
        "punct": ScalarSet([0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E]), "space": spaces,
        "upper": ScalarSet([0x41...0x5A]), "xdigit": ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66]),
    ]
}

extension Unicode.Scalar {
    fileprivate var isASCIILetter: Bool { (0x61...0x7A).contains(value | 0x20) && isASCII }
}
