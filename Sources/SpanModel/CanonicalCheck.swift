import ProtoWire

/// Decides if an encoded message is byte for byte what this package's encoder writes, so that it can be passed on as it
/// is.
///
/// The check is conservative: some canonical messages, those with packed fields or with a key from a string table, are
/// taken for others.
package struct CanonicalCheck: Sendable {
    private let plan: JSONPlan

    /// Lays out a schema once; keep the check for many messages.
    ///
    /// - Parameter schema: schema of the messages to check.
    package init(_ schema: MessageSchema) { plan = JSONPlan.of(schema) }

    /// Returns `true` only when decoding the message and encoding it again gives the same bytes. O(bytes), no message
    /// is built.
    ///
    /// - Parameter bytes: a valid message.
    package func isCanonical(_ bytes: RawSpan) -> Bool {
        do throws(WireError) {
            var reader = try WireReader(bytes, options: JSONPrinter.options(maxDepth: 500))
            return try isCanonical(0, bytes, &reader)
        } catch {
            return false
        }
    }

    private func isCanonical(
        _ place: Int, _ bytes: RawSpan, _ reader: inout WireReader
    ) throws(WireError) -> Bool {
        var last: UInt32 = 0
        var oneofs: UInt8 = 0
        var isBehindUnknown = false
        while true {
            let keyStart = reader.offset
            guard let key = try reader.nextKey() else { return true }
            guard reader.offset - keyStart == Self.width(UInt64(key.rawValue)) else { return false }
            guard let fieldPlace = plan.place(of: key.number, in: place),
                plan.fields[fieldPlace].wireType == key.wireType
            else {
                // What the schema does not name is kept as it is, behind everything that it names.
                isBehindUnknown = true
                try reader.skip(key)
                continue
            }
            let field = plan.fields[fieldPlace]
            guard !isBehindUnknown, !field.isPacked, field.number > last || field.number == last && field.isRepeated,
                oneofs & field.oneof == 0
            else { return false }
            last = field.number
            oneofs |= field.oneof
            guard try isCanonical(field, bytes, &reader) else { return false }
        }
    }

    /// Returns `true` when the next value, of the given field, is encoded canonically.
    private func isCanonical(
        _ field: JSONPlan.Field, _ bytes: RawSpan, _ reader: inout WireReader
    ) throws(WireError) -> Bool {
        let start = reader.offset
        if case .message(let inner) = field.form {
            let outerEnd = try reader.enterMessage()
            let contentStart = reader.offset
            guard try isCanonical(inner, bytes, &reader) else { return false }
            let length = reader.offset - contentStart
            reader.leaveMessage(outerEnd)
            return contentStart - start == Self.width(UInt64(length))
        }
        let isAlwaysPresent = field.isAlwaysPresent || field.isRepeated
        switch field.wireType {
        case .lengthDelimited:
            let count = try reader.rawBytes().byteCount
            return reader.offset - start - count == Self.width(UInt64(count)) && (count > 0 || isAlwaysPresent)
        case .varint:
            var again = reader
            let value = try again.varint()
            let bits = try JSONPrinter.scalar(field, &reader)
            guard bits == value, reader.offset - start == Self.width(value) else { return false }
            // Of a tenth byte one bit counts; the reader drops the others.
            // Proof: the byte was read, and every bit pattern is a UInt8.
            if reader.offset - start == 10,
                unsafe bytes.unsafeLoad(fromByteOffset: reader.offset - 1, as: UInt8.self) != 1
            {
                return false
            }
            return value != 0 || isAlwaysPresent
        default: return try JSONPrinter.scalar(field, &reader) != 0 || isAlwaysPresent
        }
    }

    /// Returns the length in bytes of the shortest varint of a value.
    private static func width(_ value: UInt64) -> Int { max(1, (70 - value.leadingZeroBitCount) / 7) }
}
