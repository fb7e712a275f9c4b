import ProtoWire
import SpanModel

// The lines of which a tree has most, put together in the output and not in strings. `AttributeText` and `UTCTime` say the
// same as text.
extension SpanTreePrinter {
    /// Prints `key: value`.
    mutating func line(_ attribute: Attribute) {
        startLine()
        if let limit = limit(behind: attribute.key.utf8.count + 2),
            !NameText.isBareKey(attribute.key) || !attribute.isShort(limit)
        {
            let key = fitted(NameText.key(attribute.key), behind: 24)
            output.append(key + ": ")
            let value = attribute.value.map(AttributeText.text) ?? "(absent)"
            output.append(fitted(value, behind: ColumnText(key, atMost: nil).columns + 2))
        } else {
            output.append(NameText.key(attribute.key))
            output.append(ascii: ": ")
            if let value = attribute.value { output.append(value) } else { output.append(ascii: "(absent)") }
        }
        if let fields = AttributeText.unknownFields(attribute.unknownFields) { output.append(" (\(fields))") }
        endLine()
    }

    /// Prints a label and an id: as digits, or in words when it is not valid.
    mutating func idLine(_ label: StaticString, high: UInt64?, low: UInt64, irregular: [UInt8]?) {
        startLine()
        output.append(ascii: label)
        if low | (high ?? 0) != 0 {
            if let high { output.appendHex(high) }
            output.appendHex(low)
        } else {
            output.append(irregular.map { AttributeText.text($0) + " not valid" } ?? "absent")
        }
        endLine()
    }

    /// Prints a label and a time, or `zero` when there is none.
    mutating func timeLine(_ label: StaticString, _ unixNano: UInt64, zero: StaticString) {
        startLine()
        output.append(ascii: label)
        if unixNano == 0 { output.append(ascii: zero) } else { output.append(utc: unixNano) }
        endLine()
    }
}

extension Attribute {
    /// Returns `true` when the value surely takes at most `limit` columns, which is found in few steps.
    fileprivate func isShort(_ limit: Int) -> Bool {
        guard key.utf8.count <= 64 else { return false }
        switch value {
        case .string(let text)?: return text.utf8.count + 2 <= limit && TerminalText.isPlain(text)
        case .bool?, .int?, .double?, nil: return true
        default: return false
        }
    }
}

extension ByteOutput {
    /// Appends the text that `AttributeText.text` returns for the value.
    fileprivate mutating func append(_ value: AttributeValue) {
        switch value {
        case .string(let text): appendQuoted(text)
        case .int(let number): appendDecimal(number)
        case .array(let values):
            append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { append(ascii: ", ") }
                append(value)
            }
            append(UInt8(ascii: "]"))
        default: append(AttributeText.text(value))
        }
    }

    /// Appends the text that `TerminalText.quoted` returns.
    private mutating func appendQuoted(_ text: String) {
        guard TerminalText.isPlain(text) else { return append(TerminalText.quoted(text)) }
        append(UInt8(ascii: "\""))
        append(text)
        append(UInt8(ascii: "\""))
    }

    /// Appends sixteen hexadecimal digits.
    fileprivate mutating func appendHex(_ value: UInt64) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            let digit = UInt8(value >> shift & 15)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// Appends the text that `UTCTime.text` returns.
    fileprivate mutating func append(utc unixNano: UInt64) {
        let time = UTCTime(unixNano)
        appendPadded(time.year, 4, then: "-")
        appendPadded(time.month, 2, then: "-")
        appendPadded(time.day, 2, then: "T")
        appendPadded(time.second / 3600, 2, then: ":")
        appendPadded(time.second / 60 % 60, 2, then: ":")
        appendPadded(time.second % 60, 2, then: ".")
        appendPadded(time.nanosecond, 9, then: "Z")
    }

    private mutating func appendPadded(_ value: Int, _ width: Int, then mark: Unicode.Scalar) {
        var unit = 1
        for _ in 1..<width { unit *= 10 }
        while unit > 0 {
            append(UInt8(ascii: "0") + UInt8(value / unit % 10))
            unit /= 10
        }
        append(UInt8(ascii: mark))
    }
}
