import SpanStorage

/// Where a store under test keeps its content: new and empty when it is made.
public protocol SpanStorePlace: Sendable {
    /// Opens the store for writing: empty the first time; after the earlier one was closed, with what it held.
    func open() async throws -> any SpanStore

    /// Opens a second store that reads the same content while the first is in use; `nil` where the engine has none.
    func openReader() async throws -> (any SpanStore)?

    /// Whether content outlives the store that wrote it.
    var isDurable: Bool { get }

    /// How much longer than a policy says the engine may keep spans when it enforces retention by age, nanoseconds; such
    /// as the length of its partitions. 0 unless it is implemented.
    var retentionSlackNano: UInt64 { get }
}

extension SpanStorePlace {
    public func openReader() async throws -> (any SpanStore)? { nil }

    public var retentionSlackNano: UInt64 { 0 }
}

/// The place of an `InMemorySpanStore`.
public struct InMemoryPlace: SpanStorePlace {
    public init() {}

    public var isDurable: Bool { false }

    public func open() async throws -> any SpanStore { InMemorySpanStore() }
}
