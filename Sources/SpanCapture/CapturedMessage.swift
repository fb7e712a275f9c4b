import ProtoWire
import SpanModel
import SpanSession

/// A message found in captured bytes: validated, and kept as the bytes it came as. It is decoded when it is looked at.
public struct CapturedMessage: Sendable {
    /// Type of the message.
    public let type: MessageType
    /// Number of bytes in which it was found: of the encoded message, or of its JSON text.
    public let byteCount: Int
    /// Number of spans in the message; `nil` when its type has none.
    public let spanCount: Int?
    private let source: Source

    fileprivate enum Source: Sendable {
        /// The encoded message, a part of the bytes.
        case encoded([UInt8], Range<Int>)
        /// The text of any number of documents, of which the last may be cut off.
        case json([UInt8])
    }

    /// Validates an encoded message.
    ///
    /// - Throws: the message's fault, whose offset counts from the start of `range`.
    init(_ type: MessageType, _ bytes: [UInt8], _ range: Range<Int>, limits: WireLimits) throws(WireError) {
        spanCount = try type.check(bytes.rawSpan.extracting(range), limits: limits)
        self.type = type
        byteCount = range.count
        source = .encoded(bytes, range)
    }

    /// Creates a message from JSON that was read before.
    ///
    /// - Parameters:
    ///   - text: JSON that was read to its end, or up to where it was cut off.
    ///   - spanCount: number of spans in the text.
    init(_ type: MessageType, json text: [UInt8], spanCount: Int?) {
        self.type = type
        self.spanCount = spanCount
        byteCount = text.count
        source = .json(text)
    }

    /// Creates a message from an encoded form that was made from other bytes.
    ///
    /// - Parameter encoded: a valid encoded message.
    init(_ type: MessageType, encoded: [UInt8], from byteCount: Int, spanCount: Int?) {
        self.type = type
        self.spanCount = spanCount
        self.byteCount = byteCount
        source = .encoded(encoded, 0..<encoded.count)
    }

    /// Calls `body` with the encoded message in one part or several, which in their order are the message. A part of
    /// JSON is encoded when its turn comes, and then dropped.
    ///
    /// - Throws: the error that `body` throws.
    func forEachPart<Failure: Error>(_ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
        switch source {
        case .encoded(let bytes, let range): try body(bytes.rawSpan.extracting(range))
        case .json(let text):
            var reader = JSONReader(text.rawSpan, schema: type.schema, options: CapturedMessage.checkedOptions)
            var part = WireAppender(capacity: 64 << 10)
            // What is whole of a part that is cut off stands in it too.
            while (try? reader.nextPart(into: &part)) == true {
                try body(part.bytes)
                part.reset()
            }
            if part.count > 0 { try body(part.bytes) }
        }
    }

    /// Decoded message, of the Swift type `type.type`. Decodes all of it: O(bytes), and several times the memory.
    public var message: any WireMessage {
        var encoded: [UInt8] = []
        if case .encoded(let bytes, let range) = source, range.count == bytes.count {
            encoded = bytes
        } else {
            forEachPart { encoded.append(copying: $0) }
        }
        // What was checked is valid.
        return (try? type.type.init(decoding: encoded, options: CapturedMessage.checkedOptions)) ?? type.type.init()
    }

    /// Decoded spans; `nil` when the type has none. Decodes all of them; `batches` needs less memory.
    public var spans: SpanBatch? {
        guard spanCount != nil else { return nil }
        let message = message
        return (message as? SpanBatch) ?? (message as? Batch)?.spans
    }

    /// Options for bytes that were validated before.
    static let checkedOptions = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))
}

extension CapturedMessage {
    /// Spans in batches of about a mebibyte, each decoded when its turn comes; empty when the type has no spans.
    public var batches: Batches { Batches(source: spanCount == nil ? .encoded([], 0..<0) : source, type: type) }

    /// Sequence of the spans of a message in batches.
    public struct Batches: Sequence, IteratorProtocol, Sendable {
        fileprivate let source: Source
        fileprivate let type: MessageType
        private var bookmark: JSONReader.Bookmark?
        private var offset = 0

        fileprivate init(source: Source, type: MessageType) {
            self.source = source
            self.type = type
        }

        private static let batchBytes = 1 << 20

        public mutating func next() -> SpanBatch? {
            switch source {
            case .encoded(let bytes, let range): nextFields(bytes.rawSpan.extracting(range))
            case .json(let text): nextParts(text.rawSpan)
            }
        }

        private mutating func nextFields(_ message: RawSpan) -> SpanBatch? {
            let rest = message.extracting(offset..<message.byteCount)
            guard rest.byteCount > 0, var reader = try? WireReader(rest, options: checkedOptions) else { return nil }
            while reader.offset < Self.batchBytes, let key = try? reader.nextKey(), (try? reader.skip(key)) != nil {}
            offset += reader.offset
            return decode(rest.extracting(0..<reader.offset))
        }

        private mutating func nextParts(_ text: RawSpan) -> SpanBatch? {
            var reader = JSONReader(text, schema: type.schema, options: checkedOptions)
            if let bookmark { reader.resume(at: bookmark) }
            var parts = WireAppender(capacity: 64 << 10)
            while parts.count < Self.batchBytes {
                guard (try? reader.nextPart(into: &parts)) == true else {
                    guard parts.count > 0 else { return nil }
                    break
                }
            }
            bookmark = reader.bookmark
            return decode(parts.bytes)
        }

        private func decode(_ part: RawSpan) -> SpanBatch? {
            switch type {
            case .batch: (try? Batch(decoding: part, options: checkedOptions))?.spans
            default: try? SpanBatch(decoding: part, options: checkedOptions)
            }
        }
    }
}

/// Rest of a message that was cut off.
struct CutMessage {
    var message: CapturedMessage?
    var path: String
    var offset: Int

    /// Reads what is whole; `nil` when the bytes have another fault than being cut off.
    init?(_ payload: RawSpan, _ type: MessageType, _ limits: WireLimits) {
        guard let whole = WholePart(of: payload, schema: type.schema),
            let spanCount = try? type.check(whole.bytes.rawSpan, limits: limits)
        else { return nil }
        path = whole.path
        offset = whole.cutOffset
        if !whole.bytes.isEmpty {
            message = CapturedMessage(type, encoded: whole.bytes, from: payload.byteCount, spanCount: spanCount)
        }
    }
}
