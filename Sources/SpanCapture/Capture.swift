import ProtoWire
import SpanModel
import SpanSession

/// What to take captured bytes for, and bounds.
public struct CaptureOptions: Sendable, Hashable {
    /// `nil`: find out.
    public var form: CaptureForm?
    /// The message that raw protobuf or JSON holds; frames say it themselves.
    public var type: MessageType
    /// For each message; of JSON, for the text of each document. By default as wide as protobuf itself: depth 100, 2 GiB - 1.
    public var limits: WireLimits

    public init(
        form: CaptureForm? = nil, type: MessageType = .traces,
        limits: WireLimits = WireLimits(maxPayloadBytes: Int(Int32.max))
    ) {
        self.form = form
        self.type = type
        self.limits = limits
    }
}

/// The forms that captured bytes come in.
public enum CaptureForm: String, Sendable, Hashable, CaseIterable {
    /// One encoded message, nothing around it.
    case protobuf
    /// Hexadecimal text of a message or of frames: digits, or a dump of any kind, also of octal or binary digits.
    case hex
    /// Base64 text of a message or of frames.
    case base64
    /// Frames of a Spanwire session, one direction of it.
    case frames
    /// OTLP/JSON: one document or several, such as JSON Lines, or an array of documents.
    case json
}

/// Captured bytes, explained: in which form they are, what they hold, what is wrong with them.
///
/// ```swift
/// let capture = Capture(bytes)
/// print(capture.explanation)
/// for frame in capture.frames { print(frame.head.kind) }
/// ```
///
/// `docs/decoding.md` has the rule of detection.
public struct Capture: Sendable {
    /// What was found.
    public enum Content: Sendable {
        case message(CapturedMessage)
        case frames([CapturedFrame])
        /// Nothing that can be shown.
        case nothing
    }

    /// The text around the bytes: `.hex`, `.base64`, `.json` or none.
    public var encoding: CaptureForm?
    public var content: Content
    /// What the bytes were taken for, and why; one line for people.
    public var explanation: String
    /// What a reader should know although the bytes are valid: keys that are ignored, a dump whose text contradicts its
    /// bytes. One sentence each, safe to show, without a field's value.
    public var notes: [String]
    /// The first thing that is wrong; `nil` when the bytes are a valid message, or frames of valid messages.
    public var fault: CaptureError?
    /// The fault is that the input ends too early, and nothing else.
    public var isCut: Bool

    /// The frames; empty where the bytes are no frames.
    public var frames: [CapturedFrame] {
        if case .frames(let frames) = content { frames } else { [] }
    }

    /// The message; `nil` where the bytes are frames or nothing.
    public var message: CapturedMessage? {
        if case .message(let message) = content { message } else { nil }
    }

    /// What was whole in an input that ends too early is here.
    public var isPartial: Bool {
        guard isCut else { return false }
        switch content {
        case .message: return true
        case .frames(let frames):
            return frames.contains { frame in
                if case .cut(nil) = frame.content { false } else { true }
            }
        case .nothing: return false
        }
    }

    /// Reads captured bytes. Never fails: what is wrong is in `fault`.
    public init(_ bytes: [UInt8], options: CaptureOptions = CaptureOptions()) {
        if options.form != .protobuf, options.form != .frames, let text = PlainText.fromUTF16(bytes) {
            self = Capture(text, options: options)
            explanation = "UTF-16, \(explanation)"
            return
        }
        switch options.form {
        case nil: self = Capture.detected(bytes, options)
        case .protobuf: self = Capture.message(bytes, options)
        case .frames: self = Capture.framed(bytes, options)
        case .json: self = Capture.json(bytes, options)
        case .hex, .base64: self = Capture.text(bytes, options)
        }
    }

    init(
        encoding: CaptureForm? = nil, _ content: Content, _ explanation: String, fault: CaptureError? = nil,
        isCut: Bool = false, notes: [String] = []
    ) {
        self.encoding = encoding
        self.content = content
        self.explanation = explanation
        self.fault = fault
        self.isCut = isCut
        self.notes = notes
    }
}
