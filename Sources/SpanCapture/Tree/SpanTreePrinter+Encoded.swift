import ProtoWire
import SpanModel
import SpanSession

// Payloads of any size: one span is decoded at a time, and what stands around the spans for its own.
extension SpanTreePrinter {
    /// Prints a message with spans, as `print(_:)` prints a decoded batch.
    mutating func printSpans(of message: CapturedMessage) {
        var rest: [UInt8] = []
        message.forEachPart { rest.append(copying: MessageFields.removing(Self.resourceSpans, from: $0).rawSpan) }
        var unknownFields = UnknownFields()
        if message.type == .batch {
            let batch: Batch = Self.decoded(rest.rawSpan)
            printHead(of: batch)
            unknownFields = batch.spans.unknownFields
        } else {
            unknownFields = UnknownFields(bytes: rest)
        }
        message.forEachPart { part in
            MessageFields.forEach(Self.resourceSpans, in: part) { self.printResourceSpans($0) }
        }
        unknown(unknownFields)
    }

    private mutating func printResourceSpans(_ bytes: RawSpan) {
        let head: ResourceSpans = Self.decoded(MessageFields.removing(Self.scopeSpans, from: bytes).rawSpan)
        print(head)
        indented { printer in
            MessageFields.forEach(Self.scopeSpans, in: bytes) { printer.printScopeSpans($0) }
        }
    }

    private mutating func printScopeSpans(_ bytes: RawSpan) {
        let head: ScopeSpans = Self.decoded(MessageFields.removing(Self.spans, from: bytes).rawSpan)
        print(head)
        indented { printer in
            MessageFields.forEach(Self.spans, in: bytes) { bytes in
                let span: SpanRecord = Self.decoded(bytes)
                printer.print(span)
            }
        }
    }

    private static let resourceSpans: UInt32 = 1
    private static let scopeSpans: UInt32 = 2
    private static let spans: UInt32 = 2

    private static func decoded<Message: WireMessage>(_ bytes: RawSpan) -> Message {
        // What was checked is valid, and so is a part of it.
        (try? Message(decoding: bytes, options: CapturedMessage.checkedOptions)) ?? Message()
    }
}
