import ProtoWire

extension JSONReader {
    // MARK: Strings and bytes

    /// Reads a string token where the field requires one.
    private mutating func stringToken(_ expected: String) throws(JSONError) -> JSONStringToken {
        guard try scanner.peek() == UInt8(ascii: "\"") else { throw scanner.wrongType(expected: expected) }
        return try scanner.string()
    }

    mutating func string(
        _ field: JSONPlan.Field, isPresent: Bool, into output: inout WireAppender
    ) throws(JSONError) {
        let token = try stringToken("a string")
        guard token.end > token.start || isPresent else { return }
        if !token.isASCII && scanner.repairs {
            let bytes =
                token.hasEscapes
                ? scanner.scratch : [UInt8](copying: scanner.text.extracting(token.start..<token.end))
            let repaired = [UInt8](String(decoding: bytes, as: UTF8.self).utf8)
            output.appendField(repaired.rawSpan, key: field.key)
        } else if token.hasEscapes {
            output.appendField(scanner.scratch.rawSpan, key: field.key)
        } else {
            output.appendField(scanner.text.extracting(token.start..<token.end), key: field.key)
        }
    }

    mutating func hex(
        _ field: JSONPlan.Field, isPresent: Bool, into output: inout WireAppender
    ) throws(JSONError) {
        let token = try stringToken("a string of hexadecimal digits")
        let decoded =
            token.hasEscapes
            ? appendHex(scanner.scratch.rawSpan, field, isPresent, &output)
            : appendHex(scanner.text.extracting(token.start..<token.end), field, isPresent, &output)
        guard decoded else {
            throw JSONError(
                .invalidID, "\((token.end - token.start).counted("byte")) that are no pairs of hexadecimal digits",
                offset: token.start - 1)
        }
    }

    /// Decodes hexadecimal digits and appends the field.
    ///
    /// - Returns: `false` when these are not pairs of digits; the appended bytes then make no sense.
    private func appendHex(
        _ digits: RawSpan, _ field: JSONPlan.Field, _ isPresent: Bool, _ output: inout WireAppender
    ) -> Bool {
        let count = digits.byteCount
        guard count % 2 == 0 else { return false }
        guard count > 0 || isPresent else { return true }
        output.appendVarint(UInt64(field.key))
        output.appendVarint(UInt64(count / 2))
        var position = 0
        while position < count {
            // Proof: both positions are below the even count; every bit pattern is a UInt8.
            let high = unsafe digits.unsafeLoad(fromByteOffset: position, as: UInt8.self)
            let low = unsafe digits.unsafeLoad(fromByteOffset: position + 1, as: UInt8.self)
            guard let first = high.hexDigitValue, let second = low.hexDigitValue else { return false }
            output.append(first << 4 | second)
            position += 2
        }
        return true
    }

    mutating func base64(
        _ field: JSONPlan.Field, isPresent: Bool, into output: inout WireAppender
    ) throws(JSONError) {
        let token = try stringToken("a string of base64 digits")
        let decoded =
            token.hasEscapes
            ? appendBase64(scanner.scratch.rawSpan, field, isPresent, &output)
            : appendBase64(scanner.text.extracting(token.start..<token.end), field, isPresent, &output)
        guard decoded else {
            throw JSONError(
                .invalidBase64, "\((token.end - token.start).counted("byte")) that are no base64",
                offset: token.start - 1)
        }
    }

    /// Decodes base64 and appends the field; bits left over at the end are ignored.
    ///
    /// - Returns: `false` when this is not base64; the appended bytes then make no sense.
    private func appendBase64(
        _ text: RawSpan, _ field: JSONPlan.Field, _ isPresent: Bool, _ output: inout WireAppender
    ) -> Bool {
        func byte(_ position: Int) -> UInt8 {
            // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
            unsafe text.unsafeLoad(fromByteOffset: position, as: UInt8.self)
        }
        var count = text.byteCount
        while count > 0, text.byteCount - count < 2, byte(count - 1) == UInt8(ascii: "=") { count -= 1 }
        let rest = count % 4
        guard rest != 1, count == text.byteCount || text.byteCount % 4 == 0 else { return false }
        guard count > 0 || isPresent else { return text.byteCount == 0 }
        output.appendVarint(UInt64(field.key))
        output.appendVarint(UInt64(count / 4 * 3 + max(rest - 1, 0)))
        var group: UInt32 = 0
        for position in 0..<count {
            guard let digit = Self.base64Value(byte(position)) else { return false }
            group = group << 6 | UInt32(digit)
            if position % 4 == 3 {
                output.append(UInt8(truncatingIfNeeded: group >> 16))
                output.append(UInt8(truncatingIfNeeded: group >> 8))
                output.append(UInt8(truncatingIfNeeded: group))
            }
        }
        if rest >= 2 { output.append(UInt8(truncatingIfNeeded: group >> UInt32(rest == 2 ? 4 : 10))) }
        if rest == 3 { output.append(UInt8(truncatingIfNeeded: group >> 2)) }
        return true
    }

    private static func base64Value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }

    // MARK: Numbers and truth values

    mutating func scalar(
        _ field: JSONPlan.Field, isPresent: Bool, into output: inout WireAppender
    ) throws(JSONError) {
        let bits: UInt64
        switch field.form {
        case .bool: bits = try truth() ? 1 : 0
        case .double: bits = try double().bitPattern
        case .enumeration(let place): bits = try enumeration(place)
        case .int32: bits = try integer(Int64(Int32.min)...Int64(Int32.max))
        case .int64: bits = try integer(.min ... .max)
        case .uint32, .fixed32: bits = try integer(upTo: UInt64(UInt32.max))
        default: bits = try integer(upTo: .max)
        }
        guard bits != 0 || isPresent else { return }
        if !field.isRepeated { output.appendVarint(UInt64(field.key)) }
        switch field.wireType {
        case .fixed64: output.appendFixed64(bits)
        case .fixed32: output.appendFixed32(UInt32(truncatingIfNeeded: bits))
        default: output.appendVarint(bits)
        }
    }

    private mutating func truth() throws(JSONError) -> Bool {
        switch try scanner.peek() {
        case UInt8(ascii: "t"):
            try scanner.literal("true")
            return true
        case UInt8(ascii: "f"):
            try scanner.literal("false")
            return false
        default: throw scanner.wrongType(expected: "true or false")
        }
    }

    /// Reads a number, which stands as it is or in quotes.
    ///
    /// - Returns: `nil` for a string that holds no number; `token` then holds the string.
    private mutating func number(
        _ token: inout JSONStringToken?, expected: @autoclosure () -> String
    ) throws(JSONError) -> JSONNumber? {
        let first = try scanner.peek()
        guard first == UInt8(ascii: "\"") else {
            guard first == UInt8(ascii: "-") || first &- 0x30 < 10 else {
                throw scanner.wrongType(expected: expected())
            }
            return try scanner.number()
        }
        let string = try scanner.string()
        token = string
        let number: JSONNumber?
        if string.hasEscapes {
            let text = scanner.scratch.rawSpan
            number = JSONNumber(in: text, from: 0, to: text.byteCount)
            return number?.end == text.byteCount ? number : nil
        }
        number = JSONNumber(in: scanner.text, from: string.start, to: string.end)
        return number?.end == string.end ? number : nil
    }

    /// Reads an integer and returns it in two's complement.
    private mutating func integer(_ range: ClosedRange<Int64>) throws(JSONError) -> UInt64 {
        var token: JSONStringToken?
        let start = try scanner.peekOffset()
        func expected() -> String { "an integer from \(range.lowerBound) to \(range.upperBound)" }
        guard let number = try number(&token, expected: expected()) else { throw noNumber(start, expected()) }
        guard let amount = number.amount, amount <= UInt64(range.upperBound) + (number.isNegative ? 1 : 0) else {
            throw JSONError(.outOfRange, "a number that is not \(expected())", offset: start)
        }
        return number.isNegative ? 0 &- amount : amount
    }

    private mutating func integer(upTo limit: UInt64) throws(JSONError) -> UInt64 {
        var token: JSONStringToken?
        let start = try scanner.peekOffset()
        func expected() -> String { "an integer from 0 to \(limit)" }
        guard let number = try number(&token, expected: expected()) else { throw noNumber(start, expected()) }
        guard let amount = number.amount, amount <= limit, !number.isNegative || amount == 0 else {
            throw JSONError(.outOfRange, "a number that is not \(expected())", offset: start)
        }
        return amount
    }

    private func noNumber(_ start: Int, _ expected: String) -> JSONError {
        JSONError(.wrongType, "a string that is not \(expected)", offset: start)
    }

    private mutating func enumeration(_ place: Int) throws(JSONError) -> UInt64 {
        var token: JSONStringToken?
        let start = try scanner.peekOffset()
        let expected = "a number or a name of the enum"
        guard let number = try number(&token, expected: expected) else {
            if let token, let value = value(named: token, in: plan.enums[place]) {
                return UInt64(bitPattern: Int64(value))
            }
            throw JSONError(.unknownEnumName, "a name that \(plan.enums[place].name) does not have", offset: start)
        }
        guard let amount = number.amount, amount <= UInt64(Int32.max) + (number.isNegative ? 1 : 0) else {
            throw JSONError(
                .outOfRange, "a number that is not an integer from \(Int32.min) to \(Int32.max)", offset: start)
        }
        return number.isNegative ? 0 &- amount : amount
    }

    private func value(named token: JSONStringToken, in schema: EnumSchema) -> Int32? {
        let bytes =
            token.hasEscapes
            ? scanner.scratch : [UInt8](copying: scanner.text.extracting(token.start..<token.end))
        return schema.values.first { $0.name.utf8.elementsEqual(bytes) }?.number
    }

    private mutating func double() throws(JSONError) -> Double {
        var token: JSONStringToken?
        let start = try scanner.peekOffset()
        let expected = "a number, \"NaN\", \"Infinity\" or \"-Infinity\""
        guard let number = try number(&token, expected: expected) else {
            guard let token, let value = special(token) else { throw noNumber(start, expected) }
            return value
        }
        if let exact = number.exactDouble { return exact }
        let isEscaped = token?.hasEscapes ?? false
        let value =
            isEscaped
            ? Self.double(scanner.scratch.rawSpan, number) : Self.double(scanner.text, number)
        guard let value, value.isFinite else {
            throw JSONError(.outOfRange, "a number that is above what a double holds", offset: start)
        }
        return value
    }

    private func special(_ token: JSONStringToken) -> Double? {
        let bytes =
            token.hasEscapes
            ? scanner.scratch
            : [UInt8](copying: scanner.text.extracting(token.start..<min(token.end, token.start + 16)))
        switch String(decoding: bytes, as: UTF8.self) {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: return nil
        }
    }

    /// Returns the nearest `Double`, by the standard library.
    private static func double(_ text: RawSpan, _ number: JSONNumber) -> Double? {
        Double(String(decoding: [UInt8](copying: text.extracting(number.start..<number.end)), as: UTF8.self))
    }
}

extension JSONScanner {
    /// Moves over white space and returns the offset of the next value.
    mutating func peekOffset() throws(JSONError) -> Int {
        _ = try peek()
        return cursor
    }
}
