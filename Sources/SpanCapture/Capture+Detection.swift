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
        let binary = detectedBinary(bytes, options)
        if binary.fault == nil && !(startsAsText(bytes) && binary.namesNothing) { return binary }
        if let text = detectedText(bytes, options) {
            // A valid message stays one, unless it holds nothing that the schema names and the text does.
            if text.fault == nil && !text.namesNothing { return text }
            if binary.fault != nil && !binary.isPartial { return text }
        }
        return binary
    }

    /// The bytes of a text that was undone.
    static func inner(_ bytes: [UInt8], _ encoding: CaptureForm, _ options: CaptureOptions) -> Capture {
        var capture = detectedBinary(bytes, options)
        capture.encoding = encoding
        let name = encoding == .hex ? "hexadecimal" : "base64"
        capture.explanation = "\(name) text of \(capture.explanation)"
        return capture
    }

    private static func detectedBinary(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        let scan = FrameScan(bytes, limits: options.limits, stopsAtFault: true)
        if scan.isComplete { return framed(scan, byteCount: bytes.count) }
        let message = message(bytes, options)
        return message.fault == nil || !looksLikeFrames(scan) ? message : framed(bytes, options)
    }

    /// The bytes are no message, and start as a session does: with a whole frame that is in order, or with the head of a
    /// greeting or a batch of which bytes are missing.
    private static func looksLikeFrames(_ scan: FrameScan) -> Bool {
        switch scan.frames.first?.content {
        case .message, .compressed: return true
        case .cut: return scan.frames[0].message != nil || scan.frames[0].head.kind == .hello
        case .malformed, nil: return false
        }
    }

    private static func detectedText(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture? {
        guard bytes.contains(where: { !$0.isTextSpace }) else { return nil }
        var best: Capture?
        if let undone = try? HexText.decode(bytes, maxBytes: options.limits.maxPayloadBytes), !undone.isEmpty {
            best = inner(undone, .hex, options)
        }
        if best == nil || best?.fault != nil, let undone = try? Base64Text.decode(bytes), !undone.isEmpty {
            let capture = inner(undone, .base64, options)
            if best == nil || capture.fault == nil { best = capture }
        }
        return best
    }

    static func message(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        let name = options.type.messageName
        do throws(WireError) {
            let message = try CapturedMessage(options.type, bytes, 0..<bytes.count, limits: options.limits)
            return Capture(
                .message(message),
                bytes.isEmpty
                    ? "raw protobuf: nothing at all, which is an empty \(name)"
                    : "raw protobuf: \(bytes.count) bytes that are a valid \(name)")
        } catch {
            let explanation = "raw protobuf: \(bytes.count) bytes that are no valid \(name)"
            guard let cut = CutMessage(bytes.rawSpan, options.type, options.limits) else {
                return Capture(.nothing, explanation, fault: CaptureError(error))
            }
            let fault = CaptureError(
                .truncated, "the input ends after \(bytes.count) bytes, inside what starts here", offset: cut.offset,
                path: cut.path)
            return Capture(
                cut.message.map { .message($0) } ?? .nothing,
                "raw protobuf: \(bytes.count) bytes, the start of a \(name)", fault: fault, isCut: true)
        }
    }

    static func framed(_ bytes: [UInt8], _ options: CaptureOptions) -> Capture {
        framed(FrameScan(bytes, limits: options.limits), byteCount: bytes.count)
    }

    private static func framed(_ scan: FrameScan, byteCount: Int) -> Capture {
        let count = scan.frames.count
        let frames = "\(count) \(count == 1 ? "frame" : "frames")"
        let start = scan.frames.first.map { ", the first: \($0.head.kind)" } ?? ""
        let explanation = "session frames: \(byteCount) bytes, \(frames)\(start)"
        return Capture(
            count == 0 ? .nothing : .frames(scan.frames), explanation, fault: scan.fault, isCut: scan.isCut)
    }

    private static func startsAsText(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty && bytes.prefix(64).allSatisfy { $0.isTextSpace || (0x20..<0x7F).contains($0) }
    }

    /// A message without a single field that its schema has.
    private var namesNothing: Bool {
        guard let message else { return false }
        var namesSomething = false
        message.forEachPart { part in
            guard var reader = try? WireReader(part, options: CapturedMessage.checkedOptions) else { return }
            while !namesSomething, let key = try? reader.nextKey(), (try? reader.skip(key)) != nil {
                namesSomething = message.type.schema.field(key.number)?.type.wireType == key.wireType
            }
        }
        return !namesSomething
    }
}
