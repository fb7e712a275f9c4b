import ProtoWire

/// A fault of a peer, or the reason for which a session came to an end.
///
/// Never holds a token, an attribute's value or another part of a payload, so that it can be logged and sent.
public struct SessionError: Error, Sendable, Hashable {
    /// The kind of fault. Open: later versions may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A frame of a kind that version 1 does not know.
        public static let unknownKind = Code(rawValue: "unknown_kind")
        /// A frame of a known kind at the wrong time or in the wrong direction.
        public static let unexpectedFrame = Code(rawValue: "unexpected_frame")
        /// A frame over the agreed limit, as it is or decompressed.
        public static let frameTooLarge = Code(rawValue: "frame_too_large")
        /// The compressed bit where no compression was agreed, or on a frame that is never compressed.
        public static let unexpectedCompression = Code(rawValue: "unexpected_compression")
        /// A payload that is not compressed as was agreed: corrupt, cut short, or with something behind its end.
        public static let malformedCompression = Code(rawValue: "malformed_compression")
        /// A payload that is no message of its kind.
        public static let malformedMessage = Code(rawValue: "malformed_message")
        /// A message that says what its fields do not allow, such as a `sender_id` of another length.
        public static let invalidField = Code(rawValue: "invalid_field")
        /// A sequence that does not rise, or an ack of what was never sent.
        public static let invalidSequence = Code(rawValue: "invalid_sequence")
        /// More bytes outstanding than were granted.
        public static let creditExceeded = Code(rawValue: "credit_exceeded")
        /// Another version of the protocol.
        public static let unsupportedVersion = Code(rawValue: "unsupported_version")
        /// No token, or a wrong one.
        public static let unauthenticated = Code(rawValue: "unauthenticated")
        /// Nothing came in time: no first frame, no answer to a ping, no progress in a frame, no connection.
        public static let timedOut = Code(rawValue: "timed_out")
        /// A newer connection of the same sender took this one's place.
        public static let superseded = Code(rawValue: "superseded")
        /// The store could not take a batch.
        public static let storeFailed = Code(rawValue: "store_failed")
        /// The connection was lost or could not be opened.
        public static let connectionLost = Code(rawValue: "connection_lost")
        /// The collector ended the connection with `GoAway`.
        public static let goneAway = Code(rawValue: "gone_away")
    }

    /// The kind of fault.
    public var code: Code

    /// One sentence for people, with limit and actual value where there is one.
    public var message: String

    /// The frame in which the fault lies, counted from 1 for the connection's first; `nil` when it lies in none.
    public var frameNumber: Int?

    /// The fault in the payload, by byte and field; `nil` where the payload is not at fault.
    public var cause: WireError?

    /// Makes an error; `message` holds no token and no part of a payload.
    public init(_ code: Code, _ message: String, frameNumber: Int? = nil, cause: WireError? = nil) {
        self.code = code
        self.message = message
        self.frameNumber = frameNumber
        self.cause = cause
    }
}

extension SessionError: CustomStringConvertible {
    /// `malformed_message in frame 7: …`
    public var description: String {
        var text = code.rawValue
        if let frameNumber { text += " in frame \(frameNumber)" }
        return text + ": " + message
    }
}
