import ProtoWire
import SpanModel

/// Looks for a field anywhere in an encoded batch that the codec accepts, in fields that a later one replaces too.
struct FieldSearch {
    /// Whether the field is the one. `schema` is that of the message around it, and of the message around its group.
    var matches: (_ key: FieldKey, _ schema: MessageSchema, _ isInGroup: Bool) -> Bool

    func finds(in batch: [UInt8]) -> Bool { finds(in: batch.rawSpan, SpanBatch.schema) }

    private func finds(in bytes: RawSpan, _ schema: MessageSchema) -> Bool {
        var position = 0
        var openGroups = 0
        while position < bytes.byteCount {
            let key = FieldKey(rawValue: UInt32(truncatingIfNeeded: varint(bytes, &position)))
            if matches(key, schema, openGroups > 0) { return true }
            switch key.wireType {
            case .varint: _ = varint(bytes, &position)
            case .fixed64: position += 8
            case .fixed32: position += 4
            case .startGroup: openGroups += 1
            case .endGroup: openGroups -= 1
            case .lengthDelimited:
                let count = Int(varint(bytes, &position))
                let content = bytes.extracting(position..<position + count)
                position += count
                guard openGroups == 0, case .message(let inner)? = schema.field(key.number)?.type else { break }
                if finds(in: content, inner()) { return true }
            case nil: preconditionFailure("a batch that is accepted has no other wire types")
            }
        }
        return false
    }

    private func varint(_ bytes: RawSpan, _ position: inout Int) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
            position += 1
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }
}
