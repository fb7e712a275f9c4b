/// Base64 as people paste it: the standard or the URL-safe alphabet, with line breaks, padded or not.
///
///     CgQKAhIA
struct Base64Text: TextForm {
    let encoding = CaptureForm.base64

    func read(_ text: [UInt8], maxBytes: Int) -> TextReadings {
        do throws(CaptureError) {
            return .readings([TextReading(bytes: try Self.decode(text), name: "base64 text", fit: .bare)])
        } catch {
            return .fault(TextFault(error: error, name: "base64 text"))
        }
    }

    /// Returns the bytes that the text stands for. Bits left over at the end are ignored.
    ///
    /// - Throws: `notBase64` with the offset in the text.
    private static func decode(_ text: [UInt8]) throws(CaptureError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for (offset, character) in text.enumerated() {
            if character.isTextSpace { continue }
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = value(of: character) else {
                throw CaptureError(
                    .notBase64, padding > 0 ? "more text after the padding" : "a character that is no base64 digit",
                    offset: offset)
            }
            group = group << 6 | UInt32(value)
            digits += 1
            if digits % 4 == 0 {
                bytes.append(UInt8(truncatingIfNeeded: group >> 16))
                bytes.append(UInt8(truncatingIfNeeded: group >> 8))
                bytes.append(UInt8(truncatingIfNeeded: group))
            }
        }
        let rest = digits % 4
        guard rest != 1, padding == 0 || (rest + padding) % 4 == 0 && padding <= 2 else {
            throw CaptureError(
                .notBase64, "\(digits) digits and \(padding) padding characters do not add up", offset: text.count)
        }
        if rest >= 2 { bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(rest == 2 ? 4 : 10))) }
        if rest == 3 { bytes.append(UInt8(truncatingIfNeeded: group >> 2)) }
        return bytes
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}

extension UInt8 {
    /// `true` for a space, tab, line feed or carriage return.
    var isTextSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
