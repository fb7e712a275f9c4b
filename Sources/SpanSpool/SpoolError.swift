/// The reason for which a spool cannot be opened, written or read.
///
/// A description names files, never spans or their values.
public struct SpoolError: Error, Sendable, Hashable {
    /// The kind of fault. Open: later versions may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Another process has the directory.
        public static let inUse = Code(rawValue: "in_use")
        /// A file of it was written by a later version, or is no spool's.
        public static let unknownVersion = Code(rawValue: "unknown_version")
        /// Files of two senders lie in it.
        public static let foreignFile = Code(rawValue: "foreign_file")
        /// The directory cannot be made, read or written.
        public static let cannotOpen = Code(rawValue: "cannot_open")
        /// No room is left on the disk. Passes when somebody makes room.
        public static let diskFull = Code(rawValue: "disk_full")
        /// Reading or writing failed in the operating system.
        public static let ioFailed = Code(rawValue: "io_failed")
        /// The process was forked since the spool was opened; the spool stays the parent's.
        public static let forked = Code(rawValue: "forked")
    }

    /// The kind of fault.
    public var code: Code

    /// One sentence for people: what is wrong and what to do.
    public var message: String

    /// Makes an error; `message` names files, never spans or their values.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension SpoolError: CustomStringConvertible {
    /// `in_use: …`
    public var description: String { "\(code.rawValue): \(message)" }
}
