import ProtoWire

/// Validates an encoded message without decoding it: nothing is allocated, each byte is read once.
///
/// The check follows the schema and accepts what the decoders accept: known fields of their wire type, strings in
/// UTF-8, whole unknown fields, and nested messages and groups up to the limit.
package struct PayloadCheck {
    private let plan: JSONPlan
    private var spans = 0

    /// Returns the number of spans in a message after validating all of it.
    ///
    /// - Throws: the error that the message's decoder would throw, with the field's path.
    package static func spanCount(
        in bytes: RawSpan, schema: MessageSchema, limits: WireLimits
    ) throws(WireError) -> Int {
        var check = PayloadCheck(plan: JSONPlan.of(schema))
        var reader = try WireReader(bytes, options: DecodeOptions(limits: limits))
        do throws(WireError) {
            try check.message(0, &reader)
        } catch {
            var located = error
            located.path = FieldPath.path(to: error.offset, in: bytes, schema: schema)
            throw located
        }
        return check.spans
    }

    private init(plan: JSONPlan) { self.plan = plan }

    private mutating func message(_ place: Int, _ reader: inout WireReader) throws(WireError) {
        if plan.messages[place].isSpan { spans += 1 }
        while let key = try reader.nextKey() {
            guard let fieldPlace = plan.place(of: key.number, in: place) else {
                try reader.skip(key)
                continue
            }
            let field = plan.fields[fieldPlace]
            guard key.wireType == .lengthDelimited, field.wireType == .lengthDelimited else {
                if field.isPacked, key.wireType == .lengthDelimited {
                    try packed(field, &reader)
                } else {
                    try reader.skip(key)
                }
                continue
            }
            switch field.form {
            case .message(let inner):
                let outerEnd = try reader.enterMessage()
                try message(inner, &reader)
                reader.leaveMessage(outerEnd)
            case .string:
                let text = try reader.rawBytes()
                guard UTF8Validation.isValid(text) else { throw Self.invalidUTF8(text, endingAt: reader.offset) }
            default: _ = try reader.rawBytes()
            }
        }
    }

    private static func invalidUTF8(_ text: RawSpan, endingAt end: Int) -> WireError {
        let bad = UTF8Validation.firstInvalidOffset(in: text) ?? 0
        return WireError(
            .invalidUTF8, "a string of \(text.byteCount.counted("byte")) is not UTF-8",
            offset: end - text.byteCount + bad)
    }

    private func packed(_ field: JSONPlan.Field, _ reader: inout WireReader) throws(WireError) {
        let values = try reader.rawBytes()
        var inner = try WireReader(values)
        while inner.offset < values.byteCount { _ = try JSONPrinter.scalar(field, &inner) }
    }
}

extension UTF8Validation {
    /// Returns `true` when all bytes are UTF-8.
    static func isValid(_ text: RawSpan) -> Bool {
        let count = text.byteCount
        var position = 0
        while count - position >= 8 {
            // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt64.
            let word = unsafe text.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
            if word & ASCIIWord.highBits != 0 {
                return firstInvalidOffset(in: text.extracting(position..<count)) == nil
            }
            position += 8
        }
        while position < count {
            // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
            if unsafe text.unsafeLoad(fromByteOffset: position, as: UInt8.self) >= 0x80 {
                return firstInvalidOffset(in: text.extracting(position..<count)) == nil
            }
            position += 1
        }
        return true
    }
}
