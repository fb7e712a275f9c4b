import ProtoWire
import SpanModel
import SpanSession

// The rule, in the order of its steps (docs/decoding.md says it in words):
// JSON; frames that fit the input to the last byte; a valid message; text of either; what fits best, with its fault.
extension Capture {
    static func detected(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        if startsAsJSON(bytes) {
            let json = Capture.json(bytes, options)
            guard json.fault != nil else { return json }
            let binary = detectedBinary(bytes, options)
            return binary.fault == nil ? binary : json
        }
        if BlankText.isBlank(bytes) { return blank(bytes.count) }
        let binary = detectedBinary(bytes, options)
        if binary.fault == nil || FileKind(bytes) != nil { return binary }
        var best = binary
        if let text = detectedText(bytes, options) {
            if text.rank >= signalRank { return text }
            // Text that happens to be the start of a message is told as text, unless spans are in it.
            let isEmpty = startsAsText(bytes) && binary.message?.spanCount == 0
            if !binary.isPartial || isEmpty { best = text }
        }
        if best.rank == 0 && JSONScalars.isJSON(bytes) { return json(bytes, options) }
        return best.mayBeWords(in: bytes) && PlainWords.areWords(bytes) ? words(bytes, options) : best
    }

    /// Returns `true` when nothing that is said of the bytes would be lost if they were called plain words.
    private func mayBeWords(in bytes: [UInt8]) -> Bool {
        guard case .nothing = content, fault?.code != .notHex, fault?.code != .otherSignal else { return false }
        return encoding == nil || encoding == .base64 && PlainWords.haveBlanks(bytes)
    }

    private static func words(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        let name = options.type.messageName
        return Capture(
            .nothing, "text: \(bytes.count.counted("byte")) that stand for no \(name)",
            fault: CaptureError(
                .unknownProtobuf,
                "this looks like text; it is no JSON, no hexadecimal or base64 text and no dump of a \(name)", offset: 0
            ))
    }

    /// Returns the capture of white space alone. It is no message to anybody, though two blanks are one to protobuf (an
    /// unknown field 4).
    static func blank(_ count: Int) -> Capture {
        Capture(
            .nothing, "blank: \(AttributeText.count(count, "byte")) of white space",
            fault: CaptureError(.blank, "the input is blank, white space and nothing else", offset: 0))
    }

    /// Reads text by the form that the options ask for.
    static func text(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        let name = options.form == .base64 ? "base64" : "hexadecimal"
        if BlankText.isBlank(bytes) { return blank(bytes.count) }
        if bytes.isEmpty {
            var empty = detectedBinary(bytes, options)
            empty.encoding = options.form
            empty.explanation = "\(name) text of \(empty.explanation)"
            return empty
        }
        let text = PlainText.normalized(bytes)
        let choice = TextForms.choice(text, encoding: options.form, maxBytes: options.limits.maxPayloadBytes)
        let capture =
            chosen(choice, text, options) ?? Capture(.nothing, "\(name) text, as asked for", fault: choice.fault)
        guard capture.rank == 0, let kind = FileKind(bytes) else { return capture }
        return foreign(kind, bytes.count)
    }

    /// Returns the first reading that is valid and names something, else the one that comes nearest to it. When none is
    /// near, but the text clearly is a dump, returns the dump with its own fault.
    private static func chosen(_ choice: TextForms.Choice, _ text: [UInt8], _ options: CaptureOptions) -> Capture? {
        var best: Capture?
        for (encoding, reading) in choice.readings {
            var capture = detectedBinary(reading.bytes, options)
            let rank = capture.rank
            guard rank > best?.rank ?? -1 else { continue }
            // What is wrong with bytes that begin in the middle says nothing.
            if rank == 0, let fault = reading.missingStart {
                let name = options.type.messageName
                capture = Capture(
                    .nothing, "\(reading.bytes.count.counted("byte")) that are no valid \(name)", fault: fault)
            }
            capture.encoding = encoding
            capture.explanation = "\(reading.name) of \(capture.explanation)"
            capture.notes = reading.notes + capture.notes
            best = capture
            if rank == maxRank { break }
        }
        // A few whole spans of a wrong reading are no reason to call a dump something else.
        if let best, best.rank > (choice.clear?.likeness == .strong ? 1 : 0) { return best }
        if let best, choice.clear == nil, choice.readings[0].reading.fit >= .close { return best }
        let isHex = options.form != .base64
        if isHex, let foreign = ForeignDump(text, isNamed: true) { return unread(foreign) }
        if let clear = choice.clear {
            return Capture(.nothing, "\(clear.name) that cannot be read", fault: clear.error)
        }
        if isHex, let foreign = ForeignDump(text, isNamed: false) { return unread(foreign) }
        return best
    }

    private static func unread(_ dump: ForeignDump) -> Capture {
        Capture(.nothing, dump.name, fault: dump.error)
    }

    /// Quality of the explanation: the higher the better.
    private var rank: Int {
        if fault == nil { return Self.maxRank }
        if fault?.code == .otherSignal { return Self.signalRank }
        return isPartial ? 1 : 0
    }

    private static let maxRank = 4
    private static let signalRank = 3

    private static func detectedBinary(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        let scan = FrameScan(bytes, limits: options.limits, stopsAtFault: true)
        if scan.isComplete { return framed(scan, byteCount: bytes.count) }
        let message = message(bytes, options)
        return message.fault == nil || !looksLikeFrames(scan) ? message : framed(bytes, options)
    }

    /// Returns `true` when bytes that are no message start as a session does: with a whole frame that is in order, or
    /// with the head of a greeting or a batch of which bytes are missing.
    private static func looksLikeFrames(_ scan: FrameScan) -> Bool {
        switch scan.frames.first?.content {
        case .message, .compressed: return true
        case .cut: return scan.frames[0].message != nil || scan.frames[0].head.kind == .hello
        case .malformed(let error): return error.code == .otherSignal
        case nil: return false
        }
    }

    private static func detectedText(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture? {
        // Bytes that are no text are read by no form, and need not be tried by each.
        guard bytes.prefix(256).allSatisfy({ $0 >= 0x20 || $0.isTextSpace }) else { return nil }
        let text = PlainText.normalized(bytes)
        return chosen(TextForms.choice(text, maxBytes: options.limits.maxPayloadBytes), text, options)
    }

    static func message(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        let name = options.type.messageName
        let holdsSpans = options.type == .traces || options.type == .batch
        let signal = SignalScan(bytes.rawSpan)
        if let other = signal.other {
            return Capture(
                .nothing, "raw protobuf: \(bytes.count.counted("byte")) of OTLP \(other.name)",
                fault: signal.fault(at: 0))
        }
        do throws(WireError) {
            let message = try CapturedMessage(options.type, bytes, 0..<bytes.count, limits: options.limits)
            guard KnownFields.areIn(bytes, options.type) else { return unknown(bytes, options) }
            // Of an answer nothing in the bytes says what was exported.
            let twins = options.type == .response ? ", as are answers to logs, metrics and profiles" : ""
            return Capture(
                .message(message),
                bytes.isEmpty
                    ? "raw protobuf: nothing at all, which is an empty \(name)"
                    : "raw protobuf: \(bytes.count.counted("byte")) that are a valid \(name)\(twins)",
                notes: holdsSpans ? signal.notes() : [])
        } catch {
            if let kind = FileKind(bytes) { return foreign(kind, bytes.count) }
            if error.code == .truncated || error.code == .invalidLength, !KnownFields.areIn(bytes, options.type) {
                return unknown(bytes, options)
            }
            let explanation = "raw protobuf: \(bytes.count.counted("byte")) that are no valid \(name)"
            guard let cut = CutMessage(bytes.rawSpan, options.type, options.limits) else {
                return Capture(.nothing, explanation, fault: CaptureError(error))
            }
            let fault = CaptureError(
                .truncated, "the input ends after \(bytes.count.counted("byte")), inside what starts here",
                offset: cut.offset,
                path: cut.path)
            let isUntold = holdsSpans && signal.isUntold && cut.message != nil
            return Capture(
                cut.message.map { .message($0) } ?? .nothing,
                "raw protobuf: \(bytes.count.counted("byte")), the start of a \(name)"
                    + (isUntold ? " or of another signal" : ""), fault: fault, isCut: true,
                notes: holdsSpans && cut.message != nil ? signal.notes(isCut: true) : [])
        }
    }

    /// Returns the capture of protobuf, or bytes that look like it, in which no field is known.
    private static func unknown(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        if let kind = FileKind(bytes) { return foreign(kind, bytes.count) }
        let name = options.type.messageName
        let looks =
            PlainWords.areWords(bytes)
            ? "this looks like text" : "this is another message, or a part of a payload whose start is missing"
        return Capture(
            .nothing, "raw protobuf: \(bytes.count.counted("byte")) without a field of a \(name)",
            fault: CaptureError(.unknownProtobuf, "not one field of a \(name) is in it; \(looks)", offset: 0))
    }

    /// Returns the capture of a file of another kind, recognised by its first bytes.
    static func foreign(_ kind: FileKind, _ count: Int) -> Capture {
        Capture(
            .nothing, "\(kind.name): \(count.counted("byte"))",
            fault: CaptureError(.unknownProtobuf, "this looks like \(kind.name); \(kind.advice)", offset: 0))
    }

    static func framed(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        framed(FrameScan(bytes, limits: options.limits), byteCount: bytes.count)
    }

    private static func framed(_ scan: FrameScan, byteCount: Int) -> Capture {
        let count = scan.frames.count
        let frames = "\(count) \(count == 1 ? "frame" : "frames")"
        let start = scan.frames.first.map { ", the first: \($0.head.kind)" } ?? ""
        let explanation = "session frames: \(byteCount.counted("byte")), \(frames)\(start)"
        return Capture(
            count == 0 ? .nothing : .frames(scan.frames), explanation, fault: scan.fault, isCut: scan.isCut,
            notes: scan.notes)
    }

    private static func startsAsText(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty && bytes.prefix(64).allSatisfy { $0.isTextSpace || (0x20..<0x7F).contains($0) }
    }
}
