/// Failure of a store, with a code for programs and a sentence for people.
///
/// A description may name files, never spans or their values.
public struct SpanStoreError: Error, Sendable, Hashable {
    /// Code of the failure. Open: engines may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// No store exists at the given place.
        public static let notFound = Code(rawValue: "not_found")
        /// The place cannot be opened: permissions, a missing folder, a folder where a file is expected.
        public static let cannotOpen = Code(rawValue: "cannot_open")
        /// The file is not one that the engine keeps: it is not a database.
        public static let notADatabase = Code(rawValue: "not_a_database")
        /// The database belongs to another program.
        public static let foreignDatabase = Code(rawValue: "foreign_database")
        /// A later version of Spanwire wrote the store.
        public static let newerFormat = Code(rawValue: "newer_format")
        /// An earlier version of Spanwire wrote the store, and it has to be migrated.
        public static let olderFormat = Code(rawValue: "older_format")
        /// The store was opened for reading and cannot be changed.
        public static let readOnly = Code(rawValue: "read_only")
        /// Another process holds the store for longer than the engine waits. The same call may succeed later.
        public static let busy = Code(rawValue: "busy")
        /// No disk space is left. The same call may succeed later.
        public static let diskFull = Code(rawValue: "disk_full")
        /// The process or the machine may have no more files open.
        public static let outOfDescriptors = Code(rawValue: "out_of_descriptors")
        /// The operating system failed to read or write.
        public static let ioFailed = Code(rawValue: "io_failed")
        /// The stored data contradicts itself.
        public static let corrupt = Code(rawValue: "corrupt")
        /// The query contradicts itself, or its patterns take too long.
        public static let invalidQuery = Code(rawValue: "invalid_query")
        /// The task that asked was cancelled before it was answered. Nothing was changed.
        public static let cancelled = Code(rawValue: "cancelled")
        /// The store was closed.
        public static let closed = Code(rawValue: "closed")
        /// The engine failed in another way, which the message describes.
        public static let engineFailed = Code(rawValue: "engine_failed")
    }

    /// Code of the failure.
    public var code: Code

    /// One sentence for people: what is wrong and what to do.
    public var message: String

    /// Creates an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// `true` when the same call may succeed later, once another process or the operator has made room: `busy` and
    /// `diskFull`.
    public var mayPass: Bool { code == .busy || code == .diskFull }
}

extension SpanStoreError: CustomStringConvertible {
    /// Code and message: `not_a_database: …`
    public var description: String { "\(code.rawValue): \(message)" }
}
