/// Why a store cannot do what was asked.
///
/// A description may name files, never spans or their values.
public struct SpanStoreError: Error, Sendable, Hashable {
    /// The kind of fault. Open: engines may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// There is nothing at that place.
        public static let notFound = Code(rawValue: "not_found")
        /// The place cannot be opened: permissions, a missing folder, a folder where a file is expected.
        public static let cannotOpen = Code(rawValue: "cannot_open")
        /// What is there is not what the engine keeps: no database.
        public static let notADatabase = Code(rawValue: "not_a_database")
        /// What is there belongs to another program.
        public static let foreignDatabase = Code(rawValue: "foreign_database")
        /// It was written by a later version of Spanwire.
        public static let newerFormat = Code(rawValue: "newer_format")
        /// It was written by an earlier version of Spanwire and has to be brought up to date.
        public static let olderFormat = Code(rawValue: "older_format")
        /// The store was opened for reading.
        public static let readOnly = Code(rawValue: "read_only")
        /// Another process holds the store for longer than the engine waits. May pass.
        public static let busy = Code(rawValue: "busy")
        /// No room is left. May pass.
        public static let diskFull = Code(rawValue: "disk_full")
        /// The process or the machine may have no more files open.
        public static let outOfDescriptors = Code(rawValue: "out_of_descriptors")
        /// Reading or writing failed in the operating system.
        public static let ioFailed = Code(rawValue: "io_failed")
        /// What is stored contradicts itself.
        public static let corrupt = Code(rawValue: "corrupt")
        /// The question contradicts itself.
        public static let invalidQuery = Code(rawValue: "invalid_query")
        /// The task that asked was cancelled before it was answered. Nothing was changed.
        public static let cancelled = Code(rawValue: "cancelled")
        /// The store was closed.
        public static let closed = Code(rawValue: "closed")
        /// The engine failed in another way; the message has its words.
        public static let engineFailed = Code(rawValue: "engine_failed")
    }

    public var code: Code

    /// One sentence for people: what is wrong and what to do.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same call may work later without anybody's help but the operator's.
    public var mayPass: Bool { code == .busy || code == .diskFull }
}

extension SpanStoreError: CustomStringConvertible {
    /// `not_a_database: …`
    public var description: String { "\(code.rawValue): \(message)" }
}
