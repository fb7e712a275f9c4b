import ProtoWire

/// Set of the ids of a message that came irregular; see `IrregularIDs`.
@usableFromInline
struct IrregularIDFields: BitwiseCopyable {
    @usableFromInline var bits: UInt8 = 0

    @inlinable init() {}

    @inlinable
    subscript(field: IrregularIDs.Field) -> Bool {
        get { bits & 1 << field.rawValue != 0 }
        set { bits = newValue ? bits | 1 << field.rawValue : bits & ~(1 << field.rawValue) }
    }
}

extension FieldCursor {
    /// Reads a 16-byte id; `.invalid` for other bytes, which are noted unless there are none.
    @inlinable
    @inline(__always)
    mutating func traceID(_ irregular: inout IrregularIDFields) throws(WireError) -> TraceID {
        let start = try content()
        if position &- start == 16 {
            // Proof: the content has 16 bytes.
            let id = TraceID(
                high: bytes.word(unchecked: start).byteSwapped, low: bytes.word(unchecked: start &+ 8).byteSwapped)
            irregular[.traceID] = !id.isValid
            return id
        }
        irregular[.traceID] = position > start
        return .invalid
    }

    /// Reads an 8-byte id; `.invalid` for other bytes, which are noted unless there are none.
    @inlinable
    @inline(__always)
    mutating func spanID(
        _ field: IrregularIDs.Field, _ irregular: inout IrregularIDFields
    ) throws(WireError) -> SpanID {
        let start = try content()
        if position &- start == 8 {
            // Proof: the content has 8 bytes.
            let id = SpanID(bytes.word(unchecked: start).byteSwapped)
            irregular[field] = !id.isValid
            return id
        }
        irregular[field] = position > start
        return .invalid
    }
}

extension MessageSlice {
    /// Returns the content of the last field of a key, in place; the caller ties the span to its lifetime. The message
    /// has been walked before and has such a field.
    @_lifetime(immortal)
    func lastBytes(of wanted: UInt32) -> RawSpan {
        var cursor = FieldCursor(self)
        var found = TextRange()
        do {
            while let key = try cursor.nextKey() {
                if key.rawValue == wanted {
                    let start = try cursor.content()
                    found = TextRange(start, cursor.position)
                } else {
                    try cursor.skip(key)
                }
            }
        } catch {
            // What was walked without a fault once has none the second time.
        }
        return bytes.span(found.start, found.end)
    }
}
