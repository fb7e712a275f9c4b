/// Validation of UTF-8 that reports the position of a fault.
public enum UTF8Validation {
    /// Returns the offset at which the first ill-formed sequence starts; `nil` for valid UTF-8. Scalar and slow: for
    /// errors, and as the naive twin of the fast check.
    ///
    /// Source: Unicode 16.0, table 3-7 "Well-Formed UTF-8 Byte Sequences".
    public static func firstInvalidOffset(in span: borrowing RawSpan) -> Int? {
        let count = span.byteCount
        var position = 0
        while position < count {
            let lead = at(position, span)
            if lead < 0x80 {
                position += 1
                while count - position >= 8, word(position, span) & 0x8080_8080_8080_8080 == 0 { position += 8 }
                continue
            }
            let length: Int
            let second: ClosedRange<UInt8>
            switch lead {
            case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
            case 0xE0: (length, second) = (3, 0xA0...0xBF)
            case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
            case 0xED: (length, second) = (3, 0x80...0x9F)
            case 0xF0: (length, second) = (4, 0x90...0xBF)
            case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
            case 0xF4: (length, second) = (4, 0x80...0x8F)
            default: return position
            }
            guard count - position >= length, second.contains(at(position + 1, span)) else { return position }
            for extra in 2..<max(length, 2) where !(0x80...0xBF).contains(at(position + extra, span)) {
                return position
            }
            position += length
        }
        return nil
    }

    private static func word(_ position: Int, _ span: borrowing RawSpan) -> UInt64 {
        // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt64.
        unsafe span.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
    }

    private static func at(_ position: Int, _ span: borrowing RawSpan) -> UInt8 {
        // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
        unsafe span.unsafeLoad(fromByteOffset: position, as: UInt8.self)
    }
}
