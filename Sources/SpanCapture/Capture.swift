import ProtoWire
import SpanModel
import SpanSession

/// Expected form and type of captured bytes, and bounds.
public struct CaptureOptions: Sendable, Hashable {
    /// Form of the bytes; `nil` to detect it.
    public var form: CaptureForm?
    /// Message that raw protobuf or JSON holds; frames state it themselves.
    public var type: MessageType
    /// Limits for each message; for JSON, for the text of each document. By default as wide as protobuf itself: depth
    /// 100, 2 GiB - 1.
    public var limits: WireLimits

    /// Creates options; without arguments the form is detected and spans are expected.
    public init(
        form: CaptureForm? = nil, type: MessageType = .traces,
        limits: WireLimits = WireLimits(maxPayloadBytes: Int(Int32.max))
    ) {
        self.form = form
        self.type = type
        self.limits = limits
    }
}

/// Form in which bytes were captured.
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

/// Captured bytes with their form, their content and their first fault.
///
/// ```swift
/// let capture = Capture(bytes)
/// print(capture.explanation)
/// for frame in capture.frames { print(frame.head.kind) }
/// ```
///
/// `docs/decoding.md` states the rule of detection.
public struct Capture: Sendable {
    /// Content of captured bytes.
    public enum Content: Sendable {
        /// One message.
        case message(CapturedMessage)
        /// Frames of a session, in their order.
        case frames([CapturedFrame])
        /// Nothing that can be shown.
        case nothing
    }

    /// Form of the text around the bytes: `.hex`, `.base64` or `.json`; `nil` for none.
    public var encoding: CaptureForm?
    /// Content of the bytes, as far as it was read.
    public var content: Content
    /// Form and content that were found, and the reason; one line for people.
    public var explanation: String
    /// Facts that a reader should know although the bytes are valid, such as ignored keys, or a dump whose text
    /// contradicts its bytes. One sentence each, safe to show, without a field's value.
    public var notes: [String]
    /// First fault; `nil` when the bytes are a valid message, or frames of valid messages.
    public var fault: CaptureError?
    /// `true` when the only fault is that the input ends too early.
    public var isCut: Bool

    /// Frames in their order; empty when the bytes are no frames.
    public var frames: [CapturedFrame] {
        if case .frames(let frames) = content { frames } else { [] }
    }

    /// Message; `nil` when the bytes are frames or nothing.
    public var message: CapturedMessage? {
        if case .message(let message) = content { message } else { nil }
    }

    /// `true` when the input ends too early and the content holds everything before that.
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

    /// Reads captured bytes. Never fails: `fault` has the first fault.
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
