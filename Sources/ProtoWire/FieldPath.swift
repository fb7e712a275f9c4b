/// Search for the field that a byte belongs to. Only faults pay for paths: decoders keep none.
public enum FieldPath {
    /// Returns the path of the field that holds the byte at `offset`, such as
    /// `resource_spans[0].scope_spans[1].spans[3].trace_id`. A field without a name is written as its number; a byte of
    /// a key belongs to the message around it. Empty for the outermost message itself.
    ///
    /// Walks the payload once and stops at the first fault.
    public static func path(to offset: Int, in bytes: borrowing RawSpan, schema: MessageSchema) -> String {
        var path = ""
        var schema = schema
        var start = 0
        var end = bytes.byteCount
        while let step = step(to: offset, in: bytes, from: start, to: end, schema: schema) {
            path += path.isEmpty ? step.name : "." + step.name
            guard let inner = step.inner else { break }
            schema = inner
            start = step.contentStart
            end = step.contentEnd
        }
        return path
    }

    private struct Step {
        var name: String
        /// Schema of the field's message; `nil` when the search ends here.
        var inner: MessageSchema?
        var contentStart: Int
        var contentEnd: Int
    }

    private static func step(
        to offset: Int, in bytes: borrowing RawSpan, from start: Int, to end: Int, schema: MessageSchema
    ) -> Step? {
        guard var reader = try? WireReader(bytes.extracting(start..<end), options: walkOptions) else { return nil }
        var counts: [UInt32: Int] = [:]
        while start + reader.offset <= offset {
            guard let key = try? reader.nextKey() else { return nil }
            let valueStart = reader.offset
            let field = schema.field(key.number).flatMap { known in
                known.type.wireType == key.wireType || known.isRepeated && key.wireType == .lengthDelimited
                    ? known : nil
            }
            var name = field?.name ?? String(key.number)
            if let field, field.isRepeated {
                name += "[\(counts[key.number, default: 0])]"
                counts[key.number, default: 0] += 1
            }
            let isWhole = (try? reader.skip(key)) != nil
            if isWhole && start + reader.offset <= offset { continue }
            guard start + valueStart <= offset else { return nil }
            guard isWhole, case .message(let inner)? = field?.type, key.wireType == .lengthDelimited else {
                return Step(name: name, inner: nil, contentStart: 0, contentEnd: 0)
            }
            let fieldEnd = reader.offset
            let contentStart = contentStart(bytes, from: start + valueStart, to: start + fieldEnd)
            guard contentStart <= offset else { return Step(name: name, inner: nil, contentStart: 0, contentEnd: 0) }
            return Step(name: name, inner: inner(), contentStart: contentStart, contentEnd: start + fieldEnd)
        }
        return nil
    }

    /// Returns the offset behind the length that stands at `start`.
    private static func contentStart(_ bytes: borrowing RawSpan, from start: Int, to end: Int) -> Int {
        guard var reader = try? WireReader(bytes.extracting(start..<end), options: walkOptions),
            (try? reader.length()) != nil
        else { return end }
        return start + reader.offset
    }

    private static let walkOptions = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))
}
