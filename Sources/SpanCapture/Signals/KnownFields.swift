import ProtoWire
import SpanModel

/// Whether anything in encoded bytes is understood.
enum KnownFields {
    /// - Returns: `false` when fields are there, the last perhaps cut off, and the message has not one of them. No fields at
    ///   all are an empty message.
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
