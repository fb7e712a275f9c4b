import ProtoWire

/// A cursor over OTLP/JSON text that turns it into encoded messages: one document, or several one after the other with or
/// without line breaks between (OTLP JSON Lines).
///
/// Works by the message's schema, so that every message with a codec has its JSON without code of its own. Reads what
/// `JSONPrinter` writes and what other writers of the mapping write:
/// - keys in lowerCamelCase; others are ignored with their values, and counted;
/// - ids as hexadecimal digits in either case, of any even number; other bytes as base64 of either alphabet, padded or not;
/// - integers as numbers or strings, also `1.0` and `1e3` where that is a whole number; enums also by name;
/// - floating point as numbers, strings, `"NaN"`, `"Infinity"`, `"-Infinity"`;
/// - `null` for "absent", but not as an element of an array.
///
/// A key that stands twice in one object and a second member of a oneof are errors. Linear in the text but for moves (see
/// `WireAppender`); messages inside each other are read recursively, bounded by `WireLimits.maxDepth`.
///
/// ```swift
/// var reader = JSONReader(text.rawSpan, schema: SpanBatch.schema)
/// var message = WireAppender()
/// while try reader.nextDocument(into: &message) {
///     let batch = try SpanBatch(decoding: message.bytes)
///     message.reset()
/// }
/// ```
///
/// Source: OTLP specification, "JSON Protobuf Encoding"; protobuf language guide, "ProtoJSON Format".
public struct JSONReader: ~Escapable {
    let plan: JSONPlan
    var scanner: JSONScanner
    let maxDepth: Int
    /// For each message of the plan how many bytes the length of the last one had.
    var lengthWidths: [UInt8]
    private var state = State.betweenDocuments

    /// How many keys were ignored so far, because the schema does not name them.
    public internal(set) var ignoredKeys = 0

    /// The first key that was ignored, as it stands in the text, at most 64 bytes of it; empty when there was none. A name
    /// is no value, so that it may be shown, escaped.
    public var firstIgnoredKey: String { ignoredKeyNames.first ?? "" }

    /// The first eight different keys that were ignored, as `firstIgnoredKey`.
    public internal(set) var ignoredKeyNames: [String] = []

    /// How many keys of outermost objects the schema named so far; counted by `nextPart` alone.
    public private(set) var knownKeys = 0

    /// How many documents were read to their end.
    public private(set) var documents = 0

    /// The next byte to read, counted from the start of the text.
    public var offset: Int { scanner.cursor }

    /// A place between two parts, for readers that do not live as long as the reading takes.
    public struct Bookmark: Sendable {
        fileprivate var offset: Int
        fileprivate var state: State
    }

    /// Where reading goes on. Behind an error it means nothing.
    public var bookmark: Bookmark { Bookmark(offset: scanner.cursor, state: state) }

    /// Goes on where another reader of the same text and schema stopped. What was counted there is not counted here, and
    /// the document's size counts anew.
    public mutating func resume(at bookmark: Bookmark) {
        state = bookmark.state
        scanner.resume(at: bookmark.offset)
    }

    fileprivate enum State: Sendable {
        case betweenDocuments
        /// In the outermost object, of which something is left.
        case inDocument(ObjectState)
        /// In the array of one of its fields, by the place of the field.
        case inArray(Int, ObjectState, index: Int)
    }

    /// - Parameters:
    ///   - text: UTF-8, any number of documents. A byte order mark at its start is skipped.
    ///   - schema: of the message that each document holds.
    ///   - options: limits for each document; under `InvalidUTF8Policy.repair` half surrogates and what is not UTF-8 become
    ///     U+FFFD.
    @_lifetime(copy text)
    public init(_ text: RawSpan, schema: MessageSchema, options: DecodeOptions = DecodeOptions()) {
        plan = JSONPlan.of(schema)
        scanner = JSONScanner(text, options: options)
        maxDepth = options.limits.maxDepth
        lengthWidths = [UInt8](repeating: 1, count: plan.messages.count)
    }

    /// Reads the next document and adds its message, fields in the order of their numbers.
    ///
    /// - Returns: `false`, with nothing added, at the end of the text.
    /// - Throws: what is wrong. After `truncated`, what was added is a message of what was whole: of spans, all those
    ///   before the end of the text. After another error nothing was added that makes sense.
    public mutating func nextDocument(into output: inout WireAppender) throws(JSONError) -> Bool {
        guard scanner.startDocument() else { return false }
        try message(0, depthLeft: maxDepth, into: &output)
        documents += 1
        return true
    }

    /// Reads the next part of a document, so that documents of any size need room for a part alone: one element of a
    /// repeated field of the outermost message, or another field of it. Protobuf messages are joined by joining their
    /// bytes, and so are these.
    ///
    /// - Returns: `false` at the end of the text; else a part may still be empty.
    /// - Throws: as `nextDocument`.
    public mutating func nextPart(into output: inout WireAppender) throws(JSONError) -> Bool {
        switch state {
        case .betweenDocuments:
            guard scanner.startDocument() else { return false }
            var object = ObjectState()
            guard try openObject() else { return endDocument() }
            return try part(&object, &output)
        case .inDocument(var object):
            guard try scanner.another(closing: UInt8(ascii: "}")) else { return endDocument() }
            return try part(&object, &output)
        case .inArray(let place, let object, let index):
            guard try scanner.another(closing: UInt8(ascii: "]")) else {
                state = .inDocument(object)
                return true
            }
            try element(plan.fields[place], index: index, depthLeft: maxDepth, into: &output)
            state = .inArray(place, object, index: index + 1)
            return true
        }
    }

    private mutating func endDocument() -> Bool {
        state = .betweenDocuments
        documents += 1
        return true
    }

    /// A field of the outermost object, or the first element of one.
    private mutating func part(_ object: inout ObjectState, _ output: inout WireAppender) throws(JSONError) -> Bool {
        guard let place = try fieldKey(0, &object, depthLeft: maxDepth) else {
            state = .inDocument(object)
            return true
        }
        knownKeys += 1
        let field = plan.fields[place]
        guard field.isRepeated, !field.isPacked, try scanner.peek() != UInt8(ascii: "n") else {
            try value(field, &object, depthLeft: maxDepth, into: &output)
            state = .inDocument(object)
            return true
        }
        guard try openArray(field) else {
            state = .inDocument(object)
            return true
        }
        try element(field, index: 0, depthLeft: maxDepth, into: &output)
        state = .inArray(place, object, index: 1)
        return true
    }
}

extension WireMessage {
    /// Reads one message from OTLP/JSON.
    ///
    /// - Parameter text: one document in UTF-8, white space around it.
    /// - Throws: `JSONError` with code, byte offset and path.
    public init(json text: RawSpan, options: DecodeOptions = DecodeOptions()) throws(JSONError) {
        var reader = JSONReader(text, schema: Self.schema, options: options)
        var encoded = WireAppender(capacity: text.byteCount / 2)
        guard try reader.nextDocument(into: &encoded) else {
            throw JSONError(.truncated, "no document at all", offset: reader.offset)
        }
        guard reader.isAtEnd() else {
            throw JSONError(.trailingText, "something behind the document", offset: reader.offset)
        }
        let limits = WireLimits(maxDepth: options.limits.maxDepth, maxPayloadBytes: .max)
        do throws(WireError) {
            try self.init(decoding: encoded.bytes, options: DecodeOptions(limits: limits))
        } catch {
            // Not reached: the reader encodes what the decoder takes.
            throw JSONError(JSONError.Code(rawValue: error.code.rawValue), error.message, offset: 0)
        }
    }

    /// Reads one message from OTLP/JSON.
    public init(json text: String, options: DecodeOptions = DecodeOptions()) throws(JSONError) {
        let bytes = [UInt8](text.utf8)
        try self.init(json: bytes.rawSpan, options: options)
    }
}

extension JSONReader {
    /// Moves over white space.
    mutating func isAtEnd() -> Bool {
        scanner.skipSpace()
        return scanner.cursor == scanner.text.byteCount
    }
}
