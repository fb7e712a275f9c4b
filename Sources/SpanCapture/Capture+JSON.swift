import ProtoWire
import SpanModel

extension Capture {
    /// Text that starts as an object of JSON does.
    static func startsAsJSON(_ bytes: [UInt8]) -> Bool {
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var openings = 0
        while start < bytes.count {
            defer { start += 1 }
            if bytes[start].isTextSpace { continue }
            if openings == 1 { return bytes[start] == UInt8(ascii: "\"") || bytes[start] == UInt8(ascii: "}") }
            guard bytes[start] == UInt8(ascii: "{") else { return false }
            openings = 1
        }
        return false
    }

    /// OTLP/JSON: one document, or several, which together are one message as encoded ones are.
    static func json(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        let type = options.type
        var reader = JSONReader(bytes.rawSpan, schema: type.schema, options: DecodeOptions(limits: options.limits))
        var part = WireAppender(capacity: 64 << 10)
        var kept: [UInt8] = []
        var spanCount: Int?
        /// Spans are read again when they are looked at, everything else is small.
        func take(_ bytes: RawSpan) {
            if type != .traces { kept.append(copying: bytes) }
            // What the reader encodes is valid.
            if let count = (try? type.check(bytes, limits: checkedLimits)) ?? nil {
                spanCount = (spanCount ?? 0) + count
            }
        }
        var fault: CaptureError?
        var isCut = false
        var isEmpty = true
        do throws(JSONError) {
            while try reader.nextPart(into: &part) {
                take(part.bytes)
                isEmpty = isEmpty && part.count == 0
                part.reset()
            }
            if reader.documents == 0 { take(part.bytes) }
        } catch {
            isCut = error.code == .truncated
            if isCut { take(part.bytes) }
            isEmpty = isEmpty && part.count == 0
            fault = CaptureError(error, in: bytes)
        }
        let message =
            type == .traces
            ? CapturedMessage(type, json: bytes, spanCount: spanCount)
            : CapturedMessage(type, encoded: kept, from: bytes.count, spanCount: spanCount)
        let content: Content = fault == nil || isCut && !isEmpty ? .message(message) : .nothing
        let verdict = explanation(reader.documents, bytes.count, type.messageName, fault == nil, isCut)
        return Capture(
            encoding: .json, content, verdict + note(reader.ignoredKeys, reader.firstIgnoredKey), fault: fault,
            isCut: isCut)
    }

    private static let checkedLimits = CapturedMessage.checkedOptions.limits

    private static func explanation(
        _ documents: Int, _ byteCount: Int, _ name: String, _ isValid: Bool, _ isCut: Bool
    ) -> String {
        let text = "OTLP/JSON: \(AttributeText.count(byteCount, "byte")) of text"
        guard isValid else { return text + (isCut ? ", the start of a \(name)" : " that are no valid \(name)") }
        switch documents {
        case 0: return "\(text) without a document, which is an empty \(name)"
        case 1: return "\(text) that are a valid \(name)"
        default: return "\(text), \(documents) documents that are a valid \(name) together"
        }
    }

    /// A key in snake_case or of another signal is ignored by rule, and a puzzle where nobody says so.
    private static func note(_ ignoredKeys: Int, _ first: String) -> String {
        guard ignoredKeys > 0 else { return "" }
        let keys = ignoredKeys == 1 ? "1 key is ignored" : "\(ignoredKeys) keys are ignored, the first"
        return "; \(keys): \(TerminalText.escaped(first))"
    }
}

extension CaptureError {
    /// - Parameter text: in which the line is counted.
    fileprivate init(_ error: JSONError, in text: [UInt8]) {
        let line = 1 + text[..<min(error.offset, text.count)].count { $0 == 0x0A }
        self.init(
            Code(rawValue: error.code.rawValue), error.message + (line > 1 ? " (line \(line))" : ""),
            offset: error.offset, path: error.path)
    }
}
