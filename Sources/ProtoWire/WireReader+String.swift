extension WireReader {
    /// A `string` field.
    ///
    /// - Returns: the text; under `InvalidUTF8Policy.repair` with U+FFFD for what is not UTF-8.
    /// - Throws: `invalid_utf8` with the offset of the first bad byte, and what `length()` throws.
    @inlinable
    public mutating func string() throws(WireError) -> String {
        let start = offset
        let span = try rawBytes()
        if let text = text(span) { return text }
        return try repairedString(span, fieldStart: start)
    }

    /// A `string` field that may hold other bytes: the text, or `nil` when the bytes are not UTF-8 and the policy is to
    /// repair; then `invalidBytes` has them.
    ///
    /// - Throws: `invalid_utf8` when the policy is to reject, and what `length()` throws.
    @inlinable
    public mutating func string(orInvalidBytes invalidBytes: inout [UInt8]) throws(WireError) -> String? {
        let start = offset
        let span = try rawBytes()
        if let text = text(span) { return text }
        try noteInvalidUTF8(span, fieldStart: start)
        invalidBytes = [UInt8](copying: span)
        return nil
    }

    /// The text in these bytes, `nil` when they are not UTF-8; equal texts are shared where that is worth it.
    @inlinable
    mutating func text(_ span: RawSpan) -> String? {
        sharesStrings && SharedStrings.lengths.contains(span.byteCount)
            ? shared.string(span) : String(validatingUTF8: span)
    }

    @usableFromInline
    mutating func repairedString(_ span: borrowing RawSpan, fieldStart: Int) throws(WireError) -> String {
        try noteInvalidUTF8(span, fieldStart: fieldStart)
        return String(decoding: [UInt8](copying: span), as: UTF8.self)
    }

    @usableFromInline
    mutating func noteInvalidUTF8(_ span: borrowing RawSpan, fieldStart: Int) throws(WireError) {
        switch options.invalidUTF8 {
        case .reject:
            let contentStart = offset - span.byteCount
            let bad = contentStart + (UTF8Validation.firstInvalidOffset(in: span) ?? 0)
            throw WireError(.invalidUTF8, "a string of \(span.byteCount) bytes is not UTF-8", offset: bad)
        case .repair:
            repairedStrings += 1
            if firstRepairOffset == nil { firstRepairOffset = fieldStart }
        }
    }
}

extension String {
    /// The text in UTF-8 bytes, `nil` when they are not UTF-8. Allocates above 15 bytes.
    @inlinable
    public init?(validatingUTF8 span: RawSpan) {
        if #available(macOS 26.0, iOS 26.0, tvOS 26.0, watchOS 26.0, visionOS 26.0, *) {
            guard let text = try? UTF8Span(validating: Span<UInt8>(_bytes: span)) else { return nil }
            self.init(copying: text)
        } else {
            // Proof: the buffer is only read while the closure runs, and the string copies it.
            let text = unsafe span.withUnsafeBytes { buffer in
                unsafe buffer.withMemoryRebound(to: UInt8.self) { unsafe String(validating: $0, as: UTF8.self) }
            }
            guard let text else { return nil }
            self = text
        }
    }
}

/// Whether bytes are UTF-8, said with the position of the fault.
public enum UTF8Validation {
    /// Where the first ill-formed sequence starts, `nil` when all is well. Scalar and slow: for the error path and as
    /// the naive twin of the fast check.
    ///
    /// Source: Unicode 16.0, table 3-7 "Well-Formed UTF-8 Byte Sequences".
    public static func firstInvalidOffset(in span: borrowing RawSpan) -> Int? {
        let count = span.byteCount
        var position = 0
        while position < count {
            let lead = at(position, span)
            if lead < 0x80 {
                position += 1
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

    private static func at(_ position: Int, _ span: borrowing RawSpan) -> UInt8 {
        // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
        unsafe span.unsafeLoad(fromByteOffset: position, as: UInt8.self)
    }
}
