import SpanModel

/// Hexadecimal digits in pairs, as people paste them: in either case, with white space, commas or colons between the
/// pairs, and `0x` or `\x` before them. `xxd -p` writes them too.
///
///     0a120a1012120a024041
///     0a 12 0a 10, 0x12, \x12
struct HexDigits: TextForm {
    let encoding = CaptureForm.hex

    func read(_ text: [UInt8], maxBytes: Int) -> TextReadings {
        do throws(CaptureError) {
            return .readings([TextReading(bytes: try Self.decode(text), name: "hexadecimal text", fit: .bare)])
        } catch {
            // Digits alone, of which the last is missing, are no base64 that happens to have none but those.
            let isCut = error.offset == text.count && text.count >= Self.clearCount
            let isPlain = isCut && !text.contains { $0 == 0x20 || $0 == 0x09 }
            return .fault(
                TextFault(error: error, name: "hexadecimal text", likeness: isPlain ? .some : .none, weight: 1))
        }
    }

    /// Number of digits that leave no doubt.
    private static let clearCount = 32

    /// Returns the bytes that the digits stand for.
    ///
    /// - Throws: `notHex` with the offset in the text.
    private static func decode(_ text: [UInt8]) throws(CaptureError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var high: UInt8?
        var position = 0
        while position < text.count {
            let character = text[position]
            if high == nil, isPrefix(at: position, in: text) {
                position += 2
                continue
            }
            if let value = character.hexDigitValue {
                if let first = high {
                    bytes.append(first << 4 | value)
                    high = nil
                } else {
                    high = value
                }
            } else if !isSeparator(character) || high != nil && !character.isTextSpace {
                throw CaptureError(.notHex, "a character that is no hexadecimal digit", offset: position)
            }
            position += 1
        }
        guard high == nil else {
            throw CaptureError(.notHex, "an odd number of hexadecimal digits", offset: text.count)
        }
        return bytes
    }

    /// Returns `true` for `0x`, `0X` or `\x` with a digit behind it.
    private static func isPrefix(at position: Int, in text: [UInt8]) -> Bool {
        guard position + 2 < text.count, text[position + 2].hexDigitValue != nil else { return false }
        let (first, second) = (text[position], text[position + 1])
        guard second == UInt8(ascii: "x") || second == UInt8(ascii: "X") else { return false }
        return first == UInt8(ascii: "0") || first == UInt8(ascii: "\\")
    }

    private static func isSeparator(_ character: UInt8) -> Bool {
        character.isTextSpace || character == UInt8(ascii: ",") || character == UInt8(ascii: ":")
    }
}
