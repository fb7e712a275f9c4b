import Logging
import Metrics
import NIOCore
import NIOPosix
import ProtoWire
import SpanModel
import SpanSession
import SpanSpool
import Synchronization

/// Sends spans to a collector: batches them, keeps each until the collector has stored it, and counts what it has to
/// give up.
///
/// ```swift
/// let client = try SpanClient(
///     configuration: SpanClientConfiguration(host: "127.0.0.1", port: 4319, agent: "checkout/1.0"),
///     resource: Resource(attributes: [Attribute("service.name", "checkout")]), logger: logger)
/// client.start()
/// let reporter = client.reporter(for: InstrumentationScope(name: "checkout"))
/// reporter.report(span)
/// let report = await client.shutdown(within: .seconds(5))
/// print(report)  // reported 1, stored 1, rejected 0, dropped 0, pending 0
/// ```
///
/// Any thread may call it. A client that is not needed any more must be shut down, or it goes on trying to deliver.
public final class SpanClient: Sendable {
    /// The settings that the client was made with.
    public let configuration: SpanClientConfiguration
    /// The identity under which the collector knows this client.
    public let senderID: SenderID
    private let resource: Resource
    private let resourceSchemaURL: String
    let eventLoop: any EventLoop
    /// The damage found in the spool when it was taken over, whether or not it cost anything.
    package let spoolFindings: [String]
    /// `nil` without a spool.
    let spoolWorker: SpoolWorker?
    let state: SharedClientState
    let encoders = SpanEncoders()
    private let driver: NIOLoopBoundBox<ClientDriver?>
    /// The token as it was when the client was made; empty for none.
    private let firstToken: String
    let logger: Logger
    let lateDropGate = LogGate()
    let lateDrops = Mutex<UInt64>(0)

    /// Makes a client that connects to nothing yet. A spool is taken over, with what an earlier process left in it.
    ///
    /// - Parameters:
    ///   - configuration: address of the collector, and bounds of what the client holds.
    ///   - resource: what the reporters' spans come from.
    ///   - resourceSchemaURL: schema of the resource's attributes; empty for none.
    ///   - group: where the connection lives; `nil` for NIO's shared threads, which are made if need be.
    ///   - logger: takes what an operator should know.
    /// - Throws: `invalid_setting`, `spool_unusable`, `out_of_descriptors`.
    public convenience init(
        configuration: SpanClientConfiguration, resource: Resource = Resource(), resourceSchemaURL: String = "",
        group: (any EventLoopGroup)? = nil, logger: Logger
    ) throws(TransportError) {
        try self.init(
            configuration: configuration, resource: resource, resourceSchemaURL: resourceSchemaURL, group: group,
            logger: logger, openStorage: SpanClient.openDirectory)
    }

    /// Makes a client whose spool, if there is one, lies in a storage of the caller's.
    ///
    /// - Parameter openStorage: opens the storage of the spool in a directory.
    /// - Throws: `invalid_setting`, `spool_unusable`, `out_of_descriptors`.
    package init(
        configuration: SpanClientConfiguration, resource: Resource = Resource(), resourceSchemaURL: String = "",
        group: (any EventLoopGroup)? = nil, logger: Logger,
        openStorage: (_ directory: String) throws(SpoolError) -> any SpoolStorage
    ) throws(TransportError) {
        firstToken = try configuration.validate()
        self.configuration = configuration
        self.resource = resource
        self.resourceSchemaURL = resourceSchemaURL
        self.logger = logger
        let eventLoop = if let group { group.next() } else { try EventLoops.shared().next() }
        self.eventLoop = eventLoop
        let initial = ClientState(
            limits: configuration.queue, spool: try SpanClient.openSpool(configuration, logger, openStorage))
        senderID = initial.look { $0.sender } ?? configuration.senderID
        spoolFindings = initial.look { $0.findings } ?? []
        let state = SharedClientState(initial)
        let driver = NIOLoopBoundBox<ClientDriver?>.makeEmptyBox(eventLoop: eventLoop)
        self.state = state
        self.driver = driver
        spoolWorker =
            configuration.spool == nil
            ? nil
            : SpoolWorker(state: state, logger: logger) { place in
                eventLoop.execute { driver.value?.spoolWrote(through: place) }
            }
    }

    /// Begins to connect and to send; from then on lost connections are opened again. Calling it again, or after
    /// `shutdown`, does nothing.
    public func start() {
        guard state.withLock({ $0.start() }) else { return }
        eventLoop.execute { [self] in
            let driver = ClientDriver(
                configuration, sender: senderID, token: firstToken, state: state, spool: spoolWorker,
                eventLoop: eventLoop, logger: logger
            ) { [driver, state] in
                driver.value = nil
                state.resumeWaiters()
            }
            self.driver.value = driver
            driver.start()
        }
    }

    /// Has the driver look at the queue.
    func wakeDriver() { eventLoop.execute { [driver] in driver.value?.pump() } }

    /// Makes a reporter for spans of one instrumentation scope; make it once and keep it.
    public func reporter(for scope: InstrumentationScope? = nil, schemaURL: String = "") -> SpanReporter {
        let origin = EncodedOrigin(
            resource: resource, resourceSchemaURL: resourceSchemaURL, scope: scope, scopeSchemaURL: schemaURL)
        return SpanReporter(client: self, origin: origin)
    }

    /// Sends what waits and waits until it is acknowledged. A task that is cancelled does not wait; what was to be sent
    /// is sent all the same.
    ///
    /// - Parameter limit: after which the report says what is still pending.
    public func flush(within limit: Duration) async -> DeliveryReport {
        let deadline = NIODeadline.now() + TimeAmount(limit)
        let last = state.withLock { $0.flush() }
        wakeDriver()
        await state.wait(until: deadline) { $0.isOver || $0.isSettled(through: last) }
        return report
    }

    /// Delivers what waits, says goodbye and ends. Spans reported from now on are dropped as `shutdown`.
    ///
    /// Takes its time in a task that is cancelled too: it is what such a task does last, and the limit bounds it. With
    /// `.zero` nothing is waited for. A disk that does not answer holds it up for five seconds more at the most; what
    /// is written to the spool's ledger then comes later, and so does the end of its lock.
    ///
    /// - Parameter limit: after which what is not acknowledged is given up, as `shutdown`, or stays in the spool for
    ///   the next client (`spooledSpans`).
    public func shutdown(within limit: Duration) async -> DeliveryReport {
        let deadline = NIODeadline.now() + TimeAmount(limit)
        let hasDriver = state.withLock { $0.close() }
        // Who waits for room has none to wait for.
        state.resumeWaiters()
        if hasDriver {
            eventLoop.execute { [driver] in driver.value?.finish() }
            await state.wait(until: deadline, evenIfCancelled: true) { $0.isOver }
            eventLoop.execute { [driver] in driver.value?.abandon(.shutdown) }
            // Giving up needs no peer, so this wait is a matter of the event loop's next turn. A loop whose group was shut
            // down first has none.
            await state.wait(until: max(deadline, .now()) + Self.loopPatience, evenIfCancelled: true) { $0.isOver }
        }
        state.withLock { if !$0.isOver { $0.end(.shutdown) } }
        if let spoolWorker {
            spoolWorker.close()
            await state.wait(until: max(deadline, .now()) + Self.diskPatience, evenIfCancelled: true) {
                !$0.hasOpenSpool
            }
        }
        return report
    }

    /// The time that the event loop has for its next turn when a client ends.
    private static let loopPatience = TimeAmount.seconds(5)

    /// The time that the disk has to take what is left.
    private static let diskPatience = TimeAmount.seconds(5)

    private static func openDirectory(_ directory: String) throws(SpoolError) -> any SpoolStorage {
        try DirectoryStorage(directory)
    }

    private static func openSpool(
        _ configuration: SpanClientConfiguration, _ logger: Logger,
        _ openStorage: (_ directory: String) throws(SpoolError) -> any SpoolStorage
    ) throws(TransportError) -> SpanSpool? {
        guard let settings = configuration.spool else { return nil }
        do throws(SpoolError) {
            let spool = try SpanSpool.open(
                in: try openStorage(settings.directory), settings, batching: configuration.queue,
                newSender: configuration.senderID, defersWrites: true)
            for finding in spool.findings {
                logger.warning("the spool is damaged", metadata: ["finding": "\(finding)"])
            }
            return spool
        } catch {
            throw TransportError(.spoolUnusable, error.message)
        }
    }

    /// The fate of everything reported so far.
    public var report: DeliveryReport { state.withLock { $0.report } }

    /// The reason for which no collector is connected, in one line; `nil` while one is, which has welcomed this client.
    public var connectionFault: String? { state.withLock { $0.connectionFault } }
}
