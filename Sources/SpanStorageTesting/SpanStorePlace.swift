import SpanStorage

/// Place in which a store under test keeps its content; new and empty when it is made.
public protocol SpanStorePlace: Sendable {
    /// Opens the store for writing: empty the first time, with its former content after it was closed.
    ///
    /// - Throws: the engine's error when the store cannot be opened.
    func open() async throws -> any SpanStore

    /// Opens a second store that reads the same content while the first is in use; `nil` when the engine has no such
    /// store. Without an implementation: `nil`.
    ///
    /// - Throws: the engine's error when the store cannot be opened.
    func openReader() async throws -> (any SpanStore)?

    /// `true` when content outlives the store that wrote it.
    var isDurable: Bool { get }

    /// Time in nanoseconds by which the engine may keep spans longer than a policy's age, such as the length of its
    /// partitions. Without an implementation: 0.
    var retentionSlackNano: UInt64 { get }
}

extension SpanStorePlace {
    public func openReader() async throws -> (any SpanStore)? { nil }

    public var retentionSlackNano: UInt64 { 0 }
}

/// Place of an `InMemorySpanStore`.
public struct InMemoryPlace: SpanStorePlace {
    /// Creates a place, which each opening leaves empty again.
    public init() {}

    public var isDurable: Bool { false }

    public func open() async throws -> any SpanStore { InMemorySpanStore() }
}
