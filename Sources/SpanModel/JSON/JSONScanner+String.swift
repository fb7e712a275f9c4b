import ProtoWire

/// A string in JSON text, without its quotes.
struct JSONStringToken {
    var start: Int
    var end: Int
    /// `true` when the string has a backslash, so that its bytes are not its value.
    var hasEscapes: Bool
    /// `true` when all bytes are ASCII.
    var isASCII: Bool
}

extension JSONScanner {
    /// Reads a key, white space before it included.
    mutating func key() throws(JSONError) -> JSONStringToken {
        guard try peek() == UInt8(ascii: "\"") else {
            throw JSONError(.invalidJSON, "a key in quotes is expected", offset: cursor)
        }
        return try string()
    }

    /// Reads the string that starts here and checks all of it.
    ///
    /// - Throws: `truncated`; `invalidJSON` for a bare control character or an unknown escape; and, unless they are to
    ///   be repaired, `invalidUTF8` and `loneSurrogate`.
    mutating func string() throws(JSONError) -> JSONStringToken {
        let token = try stringToken()
        if token.hasEscapes { try unescape(token) }
        if !token.isASCII, !repairs,
            let bad = UTF8Validation.firstInvalidOffset(in: text.extracting(token.start..<token.end))
        {
            throw JSONError(
                .invalidUTF8, "a string of \((token.end - token.start).counted("byte")) is not UTF-8",
                offset: token.start + bad)
        }
        return token
    }

    /// Finds the end of the string that starts here.
    private mutating func stringToken() throws(JSONError) -> JSONStringToken {
        let quote = cursor
        cursor += 1
        var token = JSONStringToken(start: cursor, end: cursor, hasEscapes: false, isASCII: true)
        var highBits: UInt64 = 0
        while true {
            while end - cursor >= 8 {
                let word = word(cursor)
                let stops = ASCIIWord.specials(word)
                if stops == 0 {
                    highBits |= word
                    cursor += 8
                    continue
                }
                let before = stops.trailingZeroBitCount / 8
                highBits |= word & ~(UInt64.max << UInt64(8 * before))
                cursor += before
                break
            }
            guard cursor < end else { throw ended(at: quote) }
            let next = byte(cursor)
            switch next {
            case UInt8(ascii: "\""):
                token.end = cursor
                token.isASCII = highBits & ASCIIWord.highBits == 0
                cursor += 1
                return token
            case UInt8(ascii: "\\"):
                token.hasEscapes = true
                guard end - cursor >= 2 else { throw ended(at: quote) }
                cursor += 2
            case ..<0x20:
                throw JSONError(.invalidJSON, "a control character in a string, not escaped", offset: cursor)
            default:
                highBits |= UInt64(next)
                cursor += 1
            }
        }
    }

    /// Unescapes the string into `scratch`.
    private mutating func unescape(_ token: JSONStringToken) throws(JSONError) {
        scratch.removeAll(keepingCapacity: true)
        var runStart = token.start
        var position = token.start
        while position < token.end {
            guard byte(position) == UInt8(ascii: "\\") else {
                position += 1
                continue
            }
            scratch.append(copying: text.extracting(runStart..<position))
            position = try unescapeOne(at: position, before: token.end)
            runStart = position
        }
        scratch.append(copying: text.extracting(runStart..<token.end))
    }

    /// Unescapes one escape into `scratch`.
    ///
    /// - Parameter start: offset of the backslash, behind which the string has at least one byte.
    /// - Returns: the offset behind the escape.
    private mutating func unescapeOne(at start: Int, before end: Int) throws(JSONError) -> Int {
        switch byte(start + 1) {
        case UInt8(ascii: "\""): scratch.append(0x22)
        case UInt8(ascii: "\\"): scratch.append(0x5C)
        case UInt8(ascii: "/"): scratch.append(0x2F)
        case UInt8(ascii: "b"): scratch.append(0x08)
        case UInt8(ascii: "f"): scratch.append(0x0C)
        case UInt8(ascii: "n"): scratch.append(0x0A)
        case UInt8(ascii: "r"): scratch.append(0x0D)
        case UInt8(ascii: "t"): scratch.append(0x09)
        case UInt8(ascii: "u"):
            let unit = try codeUnit(at: start, before: end)
            if unit & 0xFC00 == 0xD800, start + 7 < end, byte(start + 6) == UInt8(ascii: "\\"),
                byte(start + 7) == UInt8(ascii: "u")
            {
                let low = try codeUnit(at: start + 6, before: end)
                if low & 0xFC00 == 0xDC00 {
                    append(scalar: 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF)
                    return start + 12
                }
            }
            if unit & 0xF800 == 0xD800 {
                guard repairs else {
                    throw JSONError(.loneSurrogate, "half of a surrogate pair stands alone", offset: start)
                }
                append(scalar: 0xFFFD)
            } else {
                append(scalar: unit)
            }
            return start + 6
        default:
            throw JSONError(.invalidJSON, "an escape that JSON does not have", offset: start)
        }
        return start + 2
    }

    /// Returns the number in the four digits of the `\u` escape that starts here.
    private func codeUnit(at start: Int, before end: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for position in start + 2..<start + 6 {
            guard position < end, let digit = byte(position).hexDigitValue else {
                throw JSONError(.invalidJSON, "an escape without four hexadecimal digits", offset: start)
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private mutating func append(scalar value: UInt32) {
        switch value {
        case ..<0x80: scratch.append(UInt8(value))
        case ..<0x800:
            scratch.append(UInt8(0xC0 | value >> 6))
            scratch.append(UInt8(0x80 | value & 0x3F))
        case ..<0x10000:
            scratch.append(UInt8(0xE0 | value >> 12))
            scratch.append(UInt8(0x80 | value >> 6 & 0x3F))
            scratch.append(UInt8(0x80 | value & 0x3F))
        default:
            scratch.append(UInt8(0xF0 | value >> 18))
            scratch.append(UInt8(0x80 | value >> 12 & 0x3F))
            scratch.append(UInt8(0x80 | value >> 6 & 0x3F))
            scratch.append(UInt8(0x80 | value & 0x3F))
        }
    }
}
