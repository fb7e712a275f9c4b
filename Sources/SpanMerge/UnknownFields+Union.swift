import ProtoWire

extension UnknownFields {
    /// Returns the fields that either has. Equal bytes stay as they are; otherwise the result is the set of all whole
    /// fields, sorted by bytes.
    ///
    /// So one sender's fields are kept verbatim, in their order and number, until another report differs.
    func union(_ other: UnknownFields) -> UnknownFields {
        if other.isEmpty || self == other { return self }
        if isEmpty { return other }
        let fields = Set(wholeFields() + other.wholeFields()).sorted { byteOrder($0, $1) < 0 }
        return UnknownFields(bytes: Array(fields.joined()))
    }

    /// Returns each field's bytes, key included; bytes that cannot be read as a field are the last element.
    private func wholeFields() -> [[UInt8]] {
        let bytes = bytes
        var fields: [[UInt8]] = []
        var start = 0
        let options = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))
        if var reader = try? WireReader(bytes.rawSpan, options: options) {
            while let key = try? reader.nextKey(), (try? reader.skip(key)) != nil {
                fields.append(Array(bytes[start..<reader.offset]))
                start = reader.offset
            }
        }
        if start < bytes.count { fields.append(Array(bytes[start...])) }
        return fields
    }
}
