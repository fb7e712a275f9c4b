/// The reason for which a client or server cannot do its work.
///
/// A description names addresses and settings, never tokens or spans.
public struct TransportError: Error, Sendable, Hashable {
    /// The kind of fault. Open: later versions may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The address cannot be listened on.
        public static let cannotListen = Code(rawValue: "cannot_listen")
        /// A setting makes no sense, or asks for what is not safe.
        public static let invalidSetting = Code(rawValue: "invalid_setting")
        /// The directory of the spool cannot be used: another process has it, or it cannot be written or read.
        public static let spoolUnusable = Code(rawValue: "spool_unusable")
        /// The collector refuses this sender for good.
        public static let refused = Code(rawValue: "refused")
        /// There is no room for another connection.
        public static let overloaded = Code(rawValue: "overloaded")
        /// The process may not open as many files and connections as are needed to begin.
        public static let outOfDescriptors = Code(rawValue: "out_of_descriptors")
        /// A method was called at a time at which it has no meaning.
        public static let misuse = Code(rawValue: "misuse")
    }

    /// The kind of fault.
    public var code: Code

    /// One sentence for people: what is wrong and what to do.
    public var message: String

    /// Makes an error; `message` names addresses and settings, never tokens or spans.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension TransportError: CustomStringConvertible {
    /// `cannot_listen: …`
    public var description: String { "\(code.rawValue): \(message)" }
}
