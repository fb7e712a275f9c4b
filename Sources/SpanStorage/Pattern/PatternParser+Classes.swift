// The classes of POSIX, and words for what other regular expressions have and these do not.
extension PatternParser {
    /// The name in `[:alpha:]` at the index; `nil` where no class is written there.
    ///
    /// As everywhere, `[:` without a `:]` behind a word is two characters of a set.
    func className(at index: Int) -> String? {
        guard index + 1 < scalars.count, scalars[index] == "[", scalars[index + 1] == ":" else { return nil }
        var name = ""
        var end = index + 2
        while end < scalars.count, scalars[end].isASCIILetter || scalars[end] == "^" {
            name.unicodeScalars.append(scalars[end])
            end += 1
        }
        guard !name.isEmpty, end + 1 < scalars.count, scalars[end] == ":", scalars[end + 1] == "]" else { return nil }
        return name
    }

    /// Reads a class within a set, where one stands here.
    ///
    /// - Throws: for a class that POSIX does not have, and for `[.a.]` and `[=a=]`, which depend on a language.
    mutating func skipClass(adding ranges: inout [ClosedRange<UInt32>]) throws(SpanFilterError) -> Bool {
        guard let name = className(at: position) else {
            for mark in [".", "="] as [Unicode.Scalar] where isCollation(mark) {
                throw fault(
                    "a set within a set", at: position,
                    hint: "[\(mark)a\(mark)] is not known; write the characters themselves, and \\[ for a bracket")
            }
            return false
        }
        let isInverted = name.hasPrefix("^")
        guard let set = ScalarSet.classes[isInverted ? String(name.dropFirst()) : name] else {
            throw fault(
                "an unknown class", at: position,
                hint: "classes are " + ScalarSet.classes.keys.sorted().joined(separator: ", "))
        }
        ranges += (isInverted ? set.inverted : set).ranges
        position += name.unicodeScalars.count + 4
        return true
    }

    /// `[.a.]` or `[=a=]` stands here.
    private func isCollation(_ mark: Unicode.Scalar) -> Bool {
        guard position + 4 < scalars.count, scalars[position] == "[", scalars[position + 1] == mark else {
            return false
        }
        return scalars[position + 3] == mark && scalars[position + 4] == "]"
    }

    /// What to do without a group that begins with `(?`, of which the question mark has been read.
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

    /// What to do without the escape of a letter or a digit.
    func unknownEscape(_ scalar: Unicode.Scalar, at start: Int) -> SpanFilterError {
        let hint =
            switch scalar {
            case "b", "B": "write (^|\\W) and (\\W|$) for the ends of a word"
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
    /// The classes of POSIX, of ASCII alone.
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
