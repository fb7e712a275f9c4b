import ProtoWire
import SpanModel

/// Finds the spans in encoded `ResourceSpans` fields without decoding them.
enum SpanWalk {
    /// The spans of the `ResourceSpans` whose length comes next.
    static func countSpans(_ reader: inout WireReader) throws(WireError) -> Int {
        var count = 0
        let resourceEnd = try reader.enterMessage()
        while let key = try reader.nextKey() {
            guard key.rawValue == 0x12 else {
                try reader.skip(key)
                continue
            }
            let scopeEnd = try reader.enterMessage()
            while let key = try reader.nextKey() {
                if key.rawValue == 0x12 { count += 1 }
                try reader.skip(key)
            }
            reader.leaveMessage(scopeEnd)
        }
        reader.leaveMessage(resourceEnd)
        return count
    }

    /// Calls `body` for each span with its resource and scope; stops at what it cannot read.
    static func forEachSpan(in payload: [UInt8], _ body: (borrowing RawSpan, EncodedOrigin) -> Void) {
        try? walk(payload.rawSpan, body)
    }

    private static func walk(
        _ payload: borrowing RawSpan, _ body: (borrowing RawSpan, EncodedOrigin) -> Void
    ) throws(WireError) {
        var reader = try WireReader(copy payload, options: EncodedBatch.walkOptions)
        while let key = try reader.nextKey() {
            guard key.rawValue == 0x0A else {
                try reader.skip(key)
                continue
            }
            let resource = try reader.rawBytes()
            let resourceFields = try MessageFields.removing(2, from: resource, options: EncodedBatch.walkOptions)
            var scopes = try WireReader(resource, options: EncodedBatch.walkOptions)
            while let key = try scopes.nextKey() {
                guard key.rawValue == 0x12 else {
                    try scopes.skip(key)
                    continue
                }
                let scope = try scopes.rawBytes()
                let origin = EncodedOrigin(
                    resourceFields: resourceFields,
                    scopeFields: try MessageFields.removing(2, from: scope, options: EncodedBatch.walkOptions))
                var spans = try WireReader(scope, options: EncodedBatch.walkOptions)
                while let key = try spans.nextKey() {
                    guard key.rawValue == 0x12 else {
                        try spans.skip(key)
                        continue
                    }
                    body(try spans.rawBytes(), origin)
                }
            }
        }
    }
}
