import ProtoWire

/// Access to the fields of one level of an encoded message, without decoding the messages inside.
package enum MessageFields {
    /// Calls `body` with the content of each length-delimited field of a number, in their order.
    ///
    /// - Parameter message: a valid message; the walk stops at the first field that is not whole.
    /// - Throws: the error that `body` throws.
    package static func forEach<Failure: Error>(
        _ number: UInt32, in message: RawSpan, _ body: (RawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        guard var reader = try? WireReader(message, options: JSONPrinter.options(maxDepth: 500)) else { return }
        while let key = try? reader.nextKey() {
            if key == FieldKey(number, .lengthDelimited) {
                guard let content = try? reader.rawBytes() else { return }
                try body(content)
            } else {
                guard (try? reader.skip(key)) != nil else { return }
            }
        }
    }

    /// Returns the message without its length-delimited fields of a number.
    ///
    /// - Parameter message: a valid message; the result ends at the first field that is not whole.
    package static func removing(_ number: UInt32, from message: RawSpan) -> [UInt8] {
        var rest: [UInt8] = []
        try? copy(message, without: number, options: JSONPrinter.options(maxDepth: 500), to: &rest)
        return rest
    }

    /// The message without its length-delimited fields of that number; they may stand anywhere in it.
    ///
    /// - Throws: `WireError` at the first field that is not whole, or over the limits.
    package static func removing(
        _ number: UInt32, from message: RawSpan, options: DecodeOptions
    ) throws(WireError) -> [UInt8] {
        var rest: [UInt8] = []
        try copy(message, without: number, options: options, to: &rest)
        return rest
    }

    private static func copy(
        _ message: RawSpan, without number: UInt32, options: DecodeOptions, to rest: inout [UInt8]
    ) throws(WireError) {
        var reader = try WireReader(message, options: options)
        while true {
            let start = reader.offset
            guard let key = try reader.nextKey() else { return }
            try reader.skip(key)
            if key != FieldKey(number, .lengthDelimited) {
                rest.append(copying: message.extracting(start..<reader.offset))
            }
        }
    }
}
