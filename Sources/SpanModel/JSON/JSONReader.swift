import ProtoWire

/// Reader of OTLP/JSON text that turns it into encoded messages: one document, or several one after the other, with or
/// without line breaks between them (OTLP JSON Lines).
///
/// The reader works by the message's schema, so every message with a codec has its JSON without code of its own. It
/// reads the text of `JSONPrinter` and of other writers of the mapping:
/// - keys in lowerCamelCase; other keys are ignored with their values, and counted;
/// - ids as an even number of hexadecimal digits in either case; other bytes as base64 of either alphabet, padded or
///   not;
/// - integers as numbers or strings, also `1.0` and `1e3` when that is a whole number; enums also by name;
/// - floating point as numbers, strings, `"NaN"`, `"Infinity"`, `"-Infinity"`;
/// - `null` for "absent", but not as an element of an array.
///
/// A key that stands twice in one object and a second member of a oneof are errors. Linear in the text but for moves
/// (see `WireAppender`). Nested messages are read recursively, bounded by `WireLimits.maxDepth`.
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
    /// Length in bytes of the last length written for each message of the plan.
    var lengthWidths: [UInt8]
    private var state = State.betweenDocuments

    /// Number of keys that were ignored so far, because the schema does not name them.
    public internal(set) var ignoredKeys = 0

    /// First ignored key as it stands in the text, at most 64 bytes of it; empty when there was none. A name is no
    /// value, so it may be shown, escaped.
    public var firstIgnoredKey: String { ignoredKeyNames.first ?? "" }

    /// First eight different ignored keys as they stand in the text, at most 64 bytes of each.
    public internal(set) var ignoredKeyNames: [String] = []

    /// Number of keys of outermost objects that the schema names; counted by `nextPart` alone.
    public private(set) var knownKeys = 0

    /// Number of documents that were read to their end.
    public private(set) var documents = 0

    /// Offset of the next byte to read, from the start of the text.
    public var offset: Int { scanner.cursor }

    /// Position between two parts, for readers that do not live as long as the reading takes.
    public struct Bookmark: Sendable {
        fileprivate var offset: Int
        fileprivate var state: State
    }

    /// Position at which reading goes on; meaningless after an error.
    public var bookmark: Bookmark { Bookmark(offset: scanner.cursor, state: state) }

    /// Goes on at the position of another reader of the same text and schema. Counts start anew, and so does the size
    /// of the document.
    public mutating func resume(at bookmark: Bookmark) {
        state = bookmark.state
        scanner.resume(at: bookmark.offset)
    }

    fileprivate enum State: Sendable {
        case betweenDocuments
        /// Inside the outermost object, of which something is left.
        case inDocument(ObjectState)
        /// Inside the array of one of its fields, by the index of the field.
        case inArray(Int, ObjectState, index: Int)
    }

    /// Creates a reader at the start of a text.
    ///
    /// - Parameters:
    ///   - text: UTF-8, any number of documents. A byte order mark at its start is skipped.
    ///   - schema: schema of the message that each document holds.
    ///   - options: limits for each document. Under `InvalidUTF8Policy.repair`, half surrogates and bytes that are not
    ///     UTF-8 become U+FFFD.
    @_lifetime(copy text)
    public init(_ text: RawSpan, schema: MessageSchema, options: DecodeOptions = DecodeOptions()) {
        plan = JSONPlan.of(schema)
        scanner = JSONScanner(text, options: options)
        maxDepth = options.limits.maxDepth
        lengthWidths = [UInt8](repeating: 1, count: plan.messages.count)
    }

    /// Reads the next document and appends its message, with the fields in the order of their numbers.
    ///
    /// - Returns: `false`, with nothing appended, at the end of the text.
    /// - Throws: the first fault. After `truncated` the appended bytes are a message of everything that was whole: all
    ///   spans before the end of the text. After another error they make no sense.
    public mutating func nextDocument(into output: inout WireAppender) throws(JSONError) -> Bool {
        guard scanner.startDocument() else { return false }
        try message(0, depthLeft: maxDepth, into: &output)
        documents += 1
        return true
    }

    /// Reads the next part of a document, so that documents of any size need memory for one part: one element of a
    /// repeated field of the outermost message, or another field of it. Joining the bytes of the parts joins the
    /// message.
    ///
    /// - Returns: `false` at the end of the text; otherwise `true`, even for an empty part.
    /// - Throws: the first fault, as `nextDocument(into:)` does.
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

    /// Reads a field of the outermost object, or the first element of a repeated one.
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
    /// Decodes one message from OTLP/JSON.
    ///
    /// - Parameter text: one document in UTF-8, with white space around it.
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

    /// Decodes one message from OTLP/JSON text.
    ///
    /// - Throws: `JSONError` with code, byte offset and path.
    public init(json text: String, options: DecodeOptions = DecodeOptions()) throws(JSONError) {
        let bytes = [UInt8](text.utf8)
        try self.init(json: bytes.rawSpan, options: options)
    }
}

extension JSONReader {
    /// Moves over white space and returns `true` at the end of the text.
    mutating func isAtEnd() -> Bool {
        scanner.skipSpace()
        return scanner.cursor == scanner.text.byteCount
    }
}
