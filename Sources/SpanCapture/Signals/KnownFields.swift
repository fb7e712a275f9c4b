import ProtoWire
import SpanModel

/// Search for known fields in encoded bytes.
enum KnownFields {
    /// Returns `false` when there are fields, the last perhaps cut off, and the message knows none of them. Without
    /// fields the bytes are an empty message, and the result is `true`.
    static func areIn(_ bytes: [UInt8], _ type: MessageType) -> Bool {
        areIn(bytes.rawSpan, 0..<bytes.count, type.schema)
    }

    private static func areIn(_ payload: RawSpan, _ range: Range<Int>, _ schema: MessageSchema) -> Bool {
        var walk = FieldWalk(payload, range)
        var isEmpty = true
        while let field = walk.next() {
            isEmpty = false
            guard let known = schema.field(field.number), known.type.wireType == field.wireType else { continue }
            // A container that is cut off is told by what is in it: its key alone stands at the start of many a text.
            guard walk.isCut, case .message(let inner) = known.type, WholePart.containers.contains(inner().name) else {
                return true
            }
            return areIn(payload, field.content, inner())
        }
        return isEmpty
    }
}
