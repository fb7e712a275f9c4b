extension WireReader {
    /// Reads a `string` field.
    ///
    /// - Returns: the text; under `InvalidUTF8Policy.repair` with U+FFFD for bytes that are not UTF-8.
    /// - Throws: `invalidUTF8` with the offset of the first bad byte; the errors of `length()`.
    @inlinable
    public mutating func string() throws(WireError) -> String {
        let start = offset
        let span = try rawBytes()
        if let text = text(span) { return text }
        return try repairedString(span, fieldStart: start)
    }

    /// Reads a `string` field that may hold other bytes.
    ///
    /// - Parameter invalidBytes: set to the bytes when they are not UTF-8 and the policy is to repair.
    /// - Returns: the text; `nil` when `invalidBytes` was set.
    /// - Throws: `invalidUTF8` when the policy is to reject; the errors of `length()`.
    @inlinable
    public mutating func string(orInvalidBytes invalidBytes: inout [UInt8]) throws(WireError) -> String? {
        let start = offset
        let span = try rawBytes()
        if let text = text(span) { return text }
        try noteInvalidUTF8(span, fieldStart: start)
        invalidBytes = [UInt8](copying: span)
        return nil
    }

    /// Returns the text in these bytes, `nil` when they are not UTF-8; equal texts share one string where that pays.
    @inlinable
    mutating func text(_ span: RawSpan) -> String? {
        let count = span.byteCount
        // What was read last stands right before the cursor.
        let start = cursor - count
        if let shared, SharedStrings.lengths.contains(count) {
            return shared.string(payload, start, count, isUTF8: false)
        }
        if payload.isASCII(unchecked: start, cursor) { return String(ascii: span) }
        return UTF8Validation.firstInvalidOffset(in: span) == nil ? String(utf8: span, isASCII: false) : nil
    }

    /// Returns the text in these bytes, which are UTF-8 and lie inside the payload.
    package func utf8Text(_ range: TextRange) -> String {
        if range.count == 0 { return "" }
        guard let shared, SharedStrings.lengths.contains(range.count) else {
            return String(utf8: payload.span(range.start, count: range.count), isASCII: false)
        }
        return shared.string(payload, range.start, range.count, isUTF8: true) ?? ""
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
            throw WireError.invalidUTF8(span, at: offset - span.byteCount)
        case .repair:
            repairedStrings += 1
            if firstRepairOffset == nil { firstRepairOffset = fieldStart }
        }
    }
}

extension WireError {
    /// Returns the error for a `string` field that is not UTF-8.
    static func invalidUTF8(_ span: borrowing RawSpan, at start: Int) -> WireError {
        let bad = start + (UTF8Validation.firstInvalidOffset(in: span) ?? 0)
        return WireError(.invalidUTF8, "a string of \(span.byteCount.counted("byte")) is not UTF-8", offset: bad)
    }
}

extension String {
    @inlinable
    init(ascii span: RawSpan) { self.init(utf8: span, isASCII: true) }

    /// Creates a text from bytes that are known to be UTF-8. Allocates above 15 bytes.
    ///
    /// - Parameter isASCII: `true` when the bytes are known to be ASCII, too.
    @usableFromInline
    package init(utf8 span: RawSpan, isASCII: Bool) {
        if #available(macOS 26.0, iOS 26.0, tvOS 26.0, watchOS 26.0, visionOS 26.0, *) {
            // Proof: the caller has looked at all bytes.
            self.init(copying: unsafe UTF8Span(unchecked: Span<UInt8>(_bytes: span), isKnownASCII: isASCII))
        } else {
            self = String(validatingUTF8: span) ?? ""
        }
    }

    /// Creates a text from UTF-8 bytes; `nil` when they are not UTF-8. Allocates above 15 bytes.
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
