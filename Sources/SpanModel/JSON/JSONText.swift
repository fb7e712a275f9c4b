import ProtoWire

// The pieces of JSON text. Source: RFC 8259 and the JSON mapping of the protobuf language guide.
extension ByteOutput {
    /// Appends a JSON string of UTF-8 text.
    mutating func appendJSONString(_ text: borrowing RawSpan) {
        append(UInt8(ascii: "\""))
        let count = text.byteCount
        var runStart = 0
        var position = 0
        while position < count {
            while count - position >= 8 {
                // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt64.
                let word = unsafe text.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
                if ASCIIWord.specials(UInt64(littleEndian: word)) != 0 { break }
                position += 8
            }
            let end = min(count, position + 8)
            while position < end {
                // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
                let byte = unsafe text.unsafeLoad(fromByteOffset: position, as: UInt8.self)
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    append(copying: text.extracting(runStart..<position))
                    appendEscape(of: byte)
                    runStart = position + 1
                }
                position += 1
            }
        }
        append(copying: text.extracting(runStart..<count))
        append(UInt8(ascii: "\""))
    }

    /// Appends a JSON string: quotes, and escapes for everything that JSON does not allow as it is.
    package mutating func appendJSONString(_ text: String) {
        let bytes = [UInt8](text.utf8)
        appendJSONString(bytes.rawSpan)
    }

    private mutating func appendEscape(of byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0C: append(UInt8(ascii: "f"))
        case 0x0D: append(UInt8(ascii: "r"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
        default:
            append(ascii: "u00")
            append(Self.hexDigit(byte >> 4))
            append(Self.hexDigit(byte & 15))
        }
    }

    /// Appends two lowercase digits for each byte, in quotes.
    mutating func appendJSONHex(_ bytes: borrowing RawSpan) {
        append(UInt8(ascii: "\""))
        for position in 0..<bytes.byteCount {
            // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
            append(Self.hexDigit(byte >> 4))
            append(Self.hexDigit(byte & 15))
        }
        append(UInt8(ascii: "\""))
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// Appends base64 with padding, in quotes. Source: RFC 4648, section 4.
    mutating func appendJSONBase64(_ bytes: borrowing RawSpan) {
        append(UInt8(ascii: "\""))
        let count = bytes.byteCount
        var position = 0
        while position < count {
            var group: UInt32 = 0
            for index in 0..<3 {
                group <<= 8
                if position + index < count {
                    // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
                    group |= UInt32(unsafe bytes.unsafeLoad(fromByteOffset: position + index, as: UInt8.self))
                }
            }
            let digits = min(count - position, 3) + 1
            for index in 0..<4 {
                append(
                    index < digits
                        ? Self.base64Digit(UInt8(group >> UInt32(18 - 6 * index) & 63)) : UInt8(ascii: "="))
            }
            position += 3
        }
        append(UInt8(ascii: "\""))
    }

    private static func base64Digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + (value - 26)
        case 52..<62: UInt8(ascii: "0") + (value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    /// Appends the shortest decimal that reads back as the same value; NaN and infinities, for which JSON has no
    /// number, as strings.
    mutating func appendJSON(_ value: Double) {
        if value.isNaN {
            append(ascii: "\"NaN\"")
        } else if value.isInfinite {
            if value < 0 { append(ascii: "\"-Infinity\"") } else { append(ascii: "\"Infinity\"") }
        } else {
            append(value.description)
        }
    }

    /// Appends an unsigned number in decimal.
    package mutating func appendDecimal(_ value: UInt64) {
        if value < 10 { return append(UInt8(ascii: "0") + UInt8(value)) }
        // Proof: each position is below the count of digits, at most 20, which the buffer has.
        unsafe append(upTo: 20) { buffer in
            var digits = 2
            var bound: UInt64 = 100
            while digits < 20, value >= bound {
                digits += 1
                bound = digits < 20 ? bound &* 10 : 0
            }
            var rest = value
            var position = digits
            while position > 0 {
                position -= 1
                unsafe buffer.storeBytes(
                    of: UInt8(ascii: "0") + UInt8(rest % 10), toByteOffset: position, as: UInt8.self)
                rest /= 10
            }
            return digits
        }
    }

    /// Appends a signed number in decimal.
    package mutating func appendDecimal(_ value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(value.magnitude)
    }
}
