import ProtoWire

/// One level of an encoded message, so that a large one can be taken apart without decoding all of it.
package enum MessageFields {
    /// Calls `body` with the content of each length-delimited field of that number, in their order.
    ///
    /// - Parameter message: a valid message; stops at the first field that is not whole.
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

    /// The message without its length-delimited fields of that number.
    ///
    /// - Parameter message: a valid message; ends at the first field that is not whole.
    package static func removing(_ number: UInt32, from message: RawSpan) -> [UInt8] {
        var rest: [UInt8] = []
        guard var reader = try? WireReader(message, options: JSONPrinter.options(maxDepth: 500)) else { return rest }
        while true {
            let start = reader.offset
            guard let key = try? reader.nextKey(), (try? reader.skip(key)) != nil else { return rest }
            if key != FieldKey(number, .lengthDelimited) {
                rest.append(copying: message.extracting(start..<reader.offset))
            }
        }
    }
}
