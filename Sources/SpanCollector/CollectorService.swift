import Logging
import ServiceLifecycle
import SpanModel
import SpanSession
import SpanStorage
import SpanTransport
import Synchronization

/// Receives spans over the session protocol and keeps them in a store: what `spanwire collect` runs.
///
/// Batches of all connections are committed in groups by one task; a batch is acknowledged when the commit that holds
/// it is durable. What waits is bounded by the credit that the server grants to its connections.
///
/// ```swift
/// let collector = CollectorService(store: store, configuration: SpanServerConfiguration(), logger: logger)
/// try await ServiceGroup(services: [collector], gracefulShutdownSignals: [.sigterm], logger: logger).run()
/// ```
public struct CollectorService: Service {
    private let server: SpanServer
    /// `nil`: nothing is stored.
    let writer: GroupWriter?
    private let discarded: CountingSink?
    private let shutdownLimit: Duration
    private let logger: Logger
    private let whenListening: @Sendable (Int) async throws -> Void

    /// Makes a collector that stores what it receives.
    ///
    /// - Parameters:
    ///   - store: keeps the spans; it stays open when the service ends.
    ///   - configuration: addresses, limits, tokens and TLS of the server.
    ///   - memory: how much is put in the store at once; see `MemoryPlan.apply`.
    ///   - returnsFreedMemory: whether freed memory is returned to the system, at most twice a second, while more than half
    ///     of the memory's limit is resident. This is done to the whole process and makes all of its threads wait, so it
    ///     is for a process that is nothing but a collector, as `spanwire collect` is.
    ///   - shutdownLimit: how long a graceful shutdown waits for what senders have under way.
    ///   - logger: takes what an operator should know.
    ///   - whenListening: called with the port of the first TCP address (0 without one) once senders can connect; what
    ///     it throws ends the service.
    public init(
        store: any SpanStore, configuration: SpanServerConfiguration, memory: MemoryPlan = .standard,
        returnsFreedMemory: Bool = false, shutdownLimit: Duration = .seconds(10),
        logger: Logger, whenListening: @escaping @Sendable (Int) async throws -> Void = { _ in }
    ) {
        let keeper = returnsFreedMemory ? MemoryKeeper(limitBytes: memory.limitBytes) : nil
        let writer = GroupWriter(store: store, memory: memory, keeper: keeper, logger: logger)
        self.writer = writer
        discarded = nil
        server = SpanServer(configuration: configuration, sink: writer, logger: logger)
        self.shutdownLimit = shutdownLimit
        self.logger = logger
        self.whenListening = whenListening
    }

    /// Makes a collector that stores nothing: it counts and acknowledges, to measure the transport alone.
    public init(
        discarding sink: CountingSink, configuration: SpanServerConfiguration, shutdownLimit: Duration = .seconds(10),
        logger: Logger, whenListening: @escaping @Sendable (Int) async throws -> Void = { _ in }
    ) {
        writer = nil
        discarded = sink
        server = SpanServer(configuration: configuration, sink: sink, logger: logger)
        self.shutdownLimit = shutdownLimit
        self.logger = logger
        self.whenListening = whenListening
    }

    /// The counts of what was received and stored so far; where nothing is stored, of what was acknowledged.
    public var statistics: CollectorStatistics {
        if let writer { return writer.statistics }
        guard let counts = discarded?.counts else { return CollectorStatistics() }
        return CollectorStatistics(storedBatches: counts.batches, storedReports: counts.spans)
    }

    /// Reads certificates, keys and tokens again; see `SpanServer.reload()`.
    public func reload() { server.reload() }

    /// Listens until a graceful shutdown or cancellation; then acknowledges what was taken, sends the senders away and
    /// ends. The store stays open: who opened it closes it.
    ///
    /// - Throws: `TransportError` when the address cannot be listened on.
    public func run() async throws {
        let port = try await server.start()
        let addresses = server.addresses.map(\.description).joined(separator: ", ")
        logger.info("listening", metadata: ["addresses": "\(addresses)"])
        do {
            try await whenListening(port)
        } catch {
            await server.shutdown(within: .zero)
            throw error
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await writer?.run() }
            // Waits for the graceful shutdown or the cancellation, whichever comes first.
            try? await gracefulShutdown()
            logger.info("shutting down", metadata: ["connections": "\(server.connectionCount)"])
            await server.shutdown(within: shutdownLimit)
            writer?.finish()
            await group.waitForAll()
        }
    }
}

/// The counts of a collector since it started.
public struct CollectorStatistics: Sendable, Hashable {
    /// Batches that are durably stored; repeated ones that were skipped count too.
    public var storedBatches: UInt64 = 0
    /// Span reports that are durably stored.
    public var storedReports: UInt64 = 0
    /// Span reports that were refused alone.
    public var rejectedReports: UInt64 = 0
    /// Batches that were refused because the store failed; their senders bring them again.
    public var refusedBatches: UInt64 = 0

    /// Makes counts.
    public init(
        storedBatches: UInt64 = 0, storedReports: UInt64 = 0, rejectedReports: UInt64 = 0, refusedBatches: UInt64 = 0
    ) {
        self.storedBatches = storedBatches
        self.storedReports = storedReports
        self.rejectedReports = rejectedReports
        self.refusedBatches = refusedBatches
    }
}
