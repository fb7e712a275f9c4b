import ProtoWire
import SpanModel

extension Capture {
    /// Returns `true` for text that starts as a JSON object does, or as an array of objects.
    static func startsAsJSON(_ bytes: [UInt8]) -> Bool {
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var openings = 0
        while start < bytes.count {
            defer { start += 1 }
            if bytes[start].isTextSpace { continue }
            if openings == 1 { return bytes[start] == UInt8(ascii: "\"") || bytes[start] == UInt8(ascii: "}") }
            guard bytes[start] == UInt8(ascii: "{") else { return JSONArrayText.startsWithDocument(bytes) }
            openings = 1
        }
        return false
    }

    /// Reads OTLP/JSON: one document, or several, which together are one message as encoded ones are.
    static func json(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        if BlankText.isBlank(bytes) { return blank(bytes.count) }
        guard JSONArrayText.starts(bytes) else {
            return JSONCapture(bytes, from: bytes, isArray: false, options).capture
        }
        let array = JSONArrayText.documents(of: bytes)
        var capture = JSONCapture(array.documents, from: bytes, isArray: true, options).capture
        let isCut = array.fault?.code == .truncated
        if let fault = array.fault, capture.fault == nil || !isCut || array.count == 0 {
            if !isCut { capture.content = .nothing }
            capture.fault = fault
            if let hint = JSONScalars.hint(bytes) { capture.fault?.message += hint }
            capture.isCut = isCut
        }
        return capture
    }
}

/// One walk over the documents of a text, and its result.
private struct JSONCapture {
    private(set) var capture: Capture

    /// Reads the documents.
    ///
    /// - Parameters:
    ///   - documents: documents, one after the other.
    ///   - text: the input, in which every byte stands at the same offset as in `documents`.
    ///   - isArray: `true` when the documents are the elements of an array in `text`.
    init(_ documents: [UInt8], from text: [UInt8], isArray: Bool, _ options: CaptureOptions) {
        let type = options.type
        var reader = JSONReader(documents.rawSpan, schema: type.schema, options: DecodeOptions(limits: options.limits))
        var part = WireAppender(capacity: 64 << 10)
        var kept: [UInt8] = []
        var spanCount: Int?
        /// Spans are read again when they are looked at, everything else is small.
        func take(_ bytes: RawSpan) {
            if type != .traces { kept.append(copying: bytes) }
            // What the reader encodes is valid.
            if let count = (try? type.check(bytes, limits: Self.checkedLimits)) ?? nil {
                spanCount = (spanCount ?? 0) + count
            }
        }
        var fault: CaptureError?
        var isCut = false
        var isEmpty = true
        var strangers = Strangers()
        do throws(JSONError) {
            while try reader.nextPart(into: &part) {
                strangers.note(reader.documents, reader.knownKeys, reader.ignoredKeys, offset: reader.offset)
                take(part.bytes)
                isEmpty = isEmpty && part.count == 0
                part.reset()
            }
            if reader.documents == 0 { take(part.bytes) }
        } catch {
            isCut = error.code == .truncated
            if isCut { take(part.bytes) }
            isEmpty = isEmpty && part.count == 0
            fault = CaptureError(error, in: documents)
            strangers.end(reader.knownKeys, reader.ignoredKeys, isWhole: false)
        }
        if fault == nil, isArray, reader.documents == 0 {
            fault = CaptureError(.unknownJSON, "an empty array, without a document of \(type.messageName)", offset: 0)
        }
        if fault == nil, !isArray, reader.documents == 0, !text.isEmpty {
            fault = CaptureError(.unknownJSON, "a text without a document of \(type.messageName)", offset: 0)
        }
        // Not one document is known, or an element of the array is no object at all.
        if fault == nil || isCut, strangers.count > 0, strangers.known == 0 {
            fault = Self.unknown(documents, text, isArray, type, at: strangers.firstOffset)
            isCut = false
        } else if fault == nil || isCut, type == .response,
            let signal = Signal.allCases.dropFirst().first(where: { reader.ignoredKeyNames.contains($0.rejectedKey) })
        {
            fault = CaptureError(.otherSignal, ForeignJSON.answerWords(signal), offset: 0)
            isCut = false
        } else if let wrong = fault, isArray, wrong.path.isEmpty, ForeignJSON.name(JSONOutline(text[...])) != nil {
            fault = Self.unknown(documents, text, isArray, type, at: 0)
        }
        if let hint = JSONScalars.hint(text), fault?.code.rawValue == "wrong_type" { fault?.message += hint }
        let message =
            type == .traces
            ? CapturedMessage(type, json: documents, spanCount: spanCount)
            : CapturedMessage(type, encoded: kept, from: text.count, spanCount: spanCount)
        let content: Capture.Content = fault == nil || isCut && !isEmpty ? .message(message) : .nothing
        let verdict = Self.explanation(
            reader.documents, isArray, text.count, type.messageName, isValid: fault == nil, isCut)
        capture = Capture(encoding: .json, content, verdict, fault: fault, isCut: isCut)
        guard fault == nil || isCut else { return }
        if strangers.count > 0 {
            let outline = JSONOutline(documents[strangers.firstOffset...])
            let name =
                ForeignJSON.signal(outline).map { "OTLP \($0.name)" } ?? ForeignJSON.name(outline)
                ?? "JSON of another kind"
            let are = strangers.count == 1 ? "is left out: it" : "are left out, the first"
            capture.notes.append("\(strangers.count) of \(reader.documents.counted("document")) \(are) is \(name)")
        }
        capture.notes += Self.notes(reader.ignoredKeys, reader.ignoredKeyNames, type)
        if fault == nil, type == .traces, (spanCount ?? 0) == 0, !capture.notes.isEmpty {
            // What one looks for is most probably in what is ignored.
            let words = "no span is understood; " + capture.notes.joined(separator: "; ")
            capture.fault = CaptureError(.unknownJSON, words, offset: strangers.count > 0 ? strangers.firstOffset : 0)
        }
    }

    private static let checkedLimits = CapturedMessage.checkedOptions.limits

    private static func unknown(
        _ documents: [UInt8], _ text: [UInt8], _ isArray: Bool, _ type: MessageType, at offset: Int
    ) -> CaptureError {
        var fault = ForeignJSON.fault(JSONOutline(documents[offset...]), type, offset: offset)
        // Some formats are told by their array.
        if isArray, fault.code == .unknownJSON, let name = ForeignJSON.name(JSONOutline(text[...])) {
            fault.message = "an array without a document of \(type.messageName); this looks like \(name)"
        }
        return fault
    }

    private static func explanation(
        _ documents: Int, _ isArray: Bool, _ byteCount: Int, _ name: String, isValid: Bool, _ isCut: Bool
    ) -> String {
        let text = "OTLP/JSON: \(byteCount.counted("byte")) of text"
        guard isValid else {
            return isCut
                ? "\(text), the start of a \(name)"
                : "JSON: \(byteCount.counted("byte")) of text that are no valid \(name)"
        }
        let many = isArray ? "an array of \(documents.counted("document"))" : documents.counted("document")
        switch documents {
        case 0: return "\(text) without a document, which is an empty \(name)"
        case 1 where !isArray: return "\(text) that are a valid \(name)"
        case 1: return "\(text), \(many) that is a valid \(name)"
        default: return "\(text), \(many) that are a valid \(name) together"
        }
    }

    /// Returns the note on ignored keys. A key in snake_case or of another signal is ignored by rule, and a puzzle when
    /// nobody says so.
    private static func notes(_ count: Int, _ names: [String], _ type: MessageType) -> [String] {
        guard count > 0 else { return [] }
        let list = names.map(TerminalText.escaped).joined(separator: ", ") + (names.count == 8 ? "…" : "")
        let keys = count == 1 ? "1 key is ignored" : "\(count) keys are ignored"
        let hints = KeyHint.words(for: names, in: type)
        return ["\(keys): \(list)" + (hints.isEmpty ? "" : " (\(hints))")]
    }
}

/// Documents in which the reader knew no key.
private struct Strangers {
    private(set) var count = 0
    /// Number of documents in which a key is known, or which are empty.
    private(set) var known = 0
    /// Offset of the first unknown document, white space before it included.
    private(set) var firstOffset = 0

    private var documents = 0
    private var knownKeys = 0
    private var ignoredKeys = 0
    private var start = 0

    /// Counts the documents that ended with the part that was read.
    mutating func note(_ documents: Int, _ knownKeys: Int, _ ignoredKeys: Int, offset: Int) {
        guard documents > self.documents else { return }
        self.documents = documents
        end(knownKeys, ignoredKeys, isWhole: true)
        start = offset
    }

    /// Counts a document that ended, or in which the text ended.
    mutating func end(_ knownKeys: Int, _ ignoredKeys: Int, isWhole: Bool) {
        if knownKeys == self.knownKeys, ignoredKeys > self.ignoredKeys {
            if count == 0 { firstOffset = start }
            count += 1
        } else if isWhole || knownKeys > self.knownKeys {
            known += 1
        }
        self.knownKeys = knownKeys
        self.ignoredKeys = ignoredKeys
    }
}

extension CaptureError {
    /// Creates the error with the line in the message.
    ///
    /// - Parameter text: text in which the line is counted.
    fileprivate init(_ error: JSONError, in text: [UInt8]) {
        let line = 1 + text[..<min(error.offset, text.count)].count { $0 == 0x0A }
        self.init(
            Code(rawValue: error.code.rawValue), error.message + (line > 1 ? " (line \(line))" : ""),
            offset: error.offset, path: error.path)
    }
}
