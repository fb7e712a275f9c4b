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
    public let configuration: SpanClientConfiguration
    /// Under which the collector knows this client.
    public let senderID: SenderID
    /// As it was when the client was made; empty for none.
    let firstToken: String
    private let resource: Resource
    private let resourceSchemaURL: String
    let eventLoop: any EventLoop
    /// What was damaged in the spool when it was taken over, whether or not it cost anything.
    package let spoolFindings: [String]
    /// `nil` without a spool.
    let spoolThread: SpoolThread?
    let state: Mutex<ClientState>
    private let encoders = SpanEncoders()
    let driver: NIOLoopBoundBox<ClientDriver?>
    let logger: Logger
    private let lateDropGate = LogGate()
    private let lateDrops = Mutex<UInt64>(0)

    /// Connects to nothing yet; a spool is taken over, with what an earlier process left in it.
    ///
    /// - Parameters:
    ///   - resource: what the reporters' spans come from.
    ///   - group: where the connection lives; `nil` for NIO's shared threads, which are made if need be.
    /// - Throws: `invalid_setting`, `spool_unusable`, `out_of_descriptors`.
    public convenience init(
        configuration: SpanClientConfiguration, resource: Resource = Resource(), resourceSchemaURL: String = "",
        group: (any EventLoopGroup)? = nil, logger: Logger
    ) throws(TransportError) {
        try self.init(
            configuration: configuration, resource: resource, resourceSchemaURL: resourceSchemaURL, group: group,
            logger: logger, openStorage: SpanClient.openDirectory)
    }

    /// - Parameter openStorage: of the spool, if there is one.
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
        if let group { eventLoop = group.next() } else { eventLoop = try EventLoops.shared().next() }
        let shared = ClientState(
            limits: configuration.queue, spool: try SpanClient.openSpool(configuration, logger, openStorage))
        spoolThread = configuration.spool == nil ? nil : SpoolThread()
        senderID = shared.look { $0.sender } ?? configuration.senderID
        spoolFindings = shared.look { $0.findings } ?? []
        state = Mutex(shared)
        driver = .makeEmptyBox(eventLoop: eventLoop)
    }

    /// Begins to connect and to send; from then on lost connections are opened again. Calling it again, or after
    /// `shutdown`, does nothing.
    public func start() {
        let isFirst = state.withLock { state -> Bool in
            guard !state.isStarted, !state.isClosed else { return false }
            state.isStarted = true
            return true
        }
        guard isFirst else { return }
        eventLoop.execute { [self] in
            let driver = ClientDriver(client: self, eventLoop: eventLoop, logger: logger)
            self.driver.value = driver
            driver.start()
        }
    }

    /// Where spans of one instrumentation scope are reported; make it once and keep it.
    public func reporter(for scope: InstrumentationScope? = nil, schemaURL: String = "") -> SpanReporter {
        let origin = EncodedOrigin(
            resource: resource, resourceSchemaURL: resourceSchemaURL, scope: scope, scopeSchemaURL: schemaURL)
        return SpanReporter(client: self, origin: origin)
    }

    /// Hands over spans of any resources and scopes, such as captured ones, waiting for room in the queue.
    ///
    /// A task that is cancelled waits no longer, as if the limit were over: the spans that are left are taken if there is room,
    /// else dropped and counted.
    ///
    /// - Returns: how many were taken; the others found no room within the limit and are counted as `queue_full`.
    public func deliver(_ batch: SpanBatch, within limit: Duration) async -> Int {
        await deliver(batch, within: limit, countsClosed: true).taken
    }

    /// Like `deliver`, but for who can hand the spans over again: from the client's shutdown on nothing more is handed over,
    /// and what is left of the batch is not counted as dropped.
    ///
    /// - Returns: how many spans were handed over, those that found no room included.
    package func deliverUntilClosed(_ batch: SpanBatch, within limit: Duration) async -> Int {
        await deliver(batch, within: limit, countsClosed: false).handedOver
    }

    private func deliver(
        _ batch: SpanBatch, within limit: Duration, countsClosed: Bool
    ) async -> (taken: Int, handedOver: Int) {
        let deadline = NIODeadline.now() + TimeAmount(limit)
        var (taken, handedOver) = (0, 0)
        for resourceSpans in batch.resourceSpans {
            for scopeSpans in resourceSpans.scopeSpans {
                let origin = EncodedOrigin(
                    resource: resourceSpans.resource, resourceSchemaURL: resourceSpans.schemaURL,
                    scope: scopeSpans.scope, scopeSchemaURL: scopeSpans.schemaURL)
                for span in scopeSpans.spans {
                    switch await deliver(span, origin, until: deadline, countsClosed: countsClosed) {
                    case .taken: taken += 1
                    case .closed: return (taken, handedOver)
                    case .dropped, .full: break
                    }
                    handedOver += 1
                }
            }
        }
        return (taken, handedOver)
    }

    /// - Returns: not `full`, for then the span is dropped.
    func deliver(
        _ span: SpanRecord, _ origin: EncodedOrigin, until deadline: NIODeadline, countsClosed: Bool = true
    ) async -> Offer {
        // Mostly there is room, and no clock is asked.
        var isLastTry = false
        while true {
            let offer = offer(span, origin, countsFull: isLastTry, countsClosed: countsClosed)
            guard offer == .full, !isLastTry else { return offer == .full ? .dropped : offer }
            await waitForRoom(until: deadline)
            isLastTry = Task.isCancelled || NIODeadline.now() >= deadline
        }
    }

    private static func take(_ count: inout UInt64) -> UInt64 {
        defer { count = 0 }
        return count
    }

    /// Waits until it is worth offering a span again that found no room.
    func waitForRoom(until deadline: NIODeadline) async {
        await waitForProgress(until: deadline) { $0.isOver || $0.isClosed || $0.hasRoom }
    }

    /// What becomes of a span that is offered; of one that was `full` or `closed` nothing is counted.
    package enum Offer { case taken, dropped, full, closed }

    /// - Parameters:
    ///   - countsFull: a span without room is dropped and counted.
    ///   - countsClosed: the same of one that comes after the shutdown.
    func offer(
        _ span: SpanRecord, _ origin: EncodedOrigin, countsFull: Bool, countsClosed: Bool = true
    ) -> Offer {
        let (offer, wakes, works) = encoders.withWriter { writer in
            span.encode(to: &writer)
            return state.withLock { state in
                state.offer(writer, origin, countsFull: countsFull, countsClosed: countsClosed, now: .now())
            }
        }
        if wakes { wake() }
        if offer == .dropped { countLateDrops() }
        if works { startSpoolWork() }
        return offer
    }

    /// Counts what is dropped after the session's end, when no driver comes to do it.
    private func countLateDrops() {
        let (drops, metrics) = state.withLock { state in (state.takeLateDrops(), state.metrics) }
        if !drops.isEmpty { startSpoolWork() }
        for drop in drops {
            let reason = DropReason(rawValue: drop.reason)
            metrics?.dropped(reason).increment(by: Int64(clamping: drop.spans))
        }
        let spans = drops.reduce(0) { $0 + $1.spans }
        let unlogged = lateDrops.withLock { count in
            count += spans
            return lateDropGate.pass() == nil ? 0 : Self.take(&count)
        }
        guard unlogged > 0 else { return }
        logger.warning("spans dropped; this client has ended", metadata: ["spans": "\(unlogged)"])
    }

    /// Sends what waits and waits until it is acknowledged. A task that is cancelled does not wait; what was to be sent is
    /// sent all the same.
    ///
    /// - Parameter limit: after which the report says what is still pending.
    public func flush(within limit: Duration) async -> DeliveryReport {
        let deadline = NIODeadline.now() + TimeAmount(limit)
        let last = state.withLock { $0.flush() }
        wake()
        await waitForProgress(until: deadline) { $0.isOver || $0.isSettled(through: last) }
        return report
    }

    /// Delivers what waits, says goodbye and ends. Spans reported from now on are dropped as `shutdown`.
    ///
    /// Takes its time in a task that is cancelled too: it is what such a task does last, and the limit bounds it. With
    /// `.zero` nothing is waited for. A disk that does not answer holds it up for five seconds more at the most; what is
    /// written to the spool's ledger then comes later, and so does the end of its lock.
    ///
    /// - Parameter limit: after which what is not acknowledged is given up, as `shutdown`, or stays in the spool for the
    ///   next client (`spooledSpans`).
    public func shutdown(within limit: Duration) async -> DeliveryReport {
        let deadline = NIODeadline.now() + TimeAmount(limit)
        let isStarted = state.withLock { state in
            state.isClosed = true
            return state.isStarted
        }
        // Who waits for room has none to wait for.
        resumeWaiters()
        if isStarted {
            eventLoop.execute { [driver] in driver.value?.finish() }
            await waitForProgress(until: deadline, evenIfCancelled: true) { $0.isOver }
            eventLoop.execute { [driver] in driver.value?.abandon(.shutdown) }
            // Giving up needs no peer, so this wait is a matter of the event loop's next turn. A loop whose group was shut
            // down first has none.
            await waitForProgress(until: max(deadline, .now()) + Self.loopPatience, evenIfCancelled: true) { $0.isOver }
        }
        state.withLock { if !$0.isOver { $0.end(.shutdown) } }
        if let spoolThread {
            spoolThread.submit { [self] in closeSpool() }
            await waitForProgress(until: max(deadline, .now()) + Self.diskPatience, evenIfCancelled: true) {
                !$0.hasOpenSpool
            }
        }
        return report
    }

    /// How long the event loop has for its next turn when a client ends.
    private static let loopPatience = TimeAmount.seconds(5)

    /// How long the disk has to take what is left.
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

    /// What became of everything reported so far.
    public var report: DeliveryReport { state.withLock { $0.report } }

    /// Why no collector is connected, in one line; `nil` while one is, which has welcomed this client.
    public var connectionFault: String? { state.withLock { $0.connectionFault } }

    // MARK: Between callers and the driver

    func wake() {
        eventLoop.execute { [driver] in driver.value?.pump() }
    }

    func driverEnded() {
        driver.value = nil
        resumeWaiters()
    }

    /// Resumes whoever waits; each looks whether what it waits for has come.
    func resumeWaiters() {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// - Parameter evenIfCancelled: the task may be cancelled, and waits all the same.
    private func waitForProgress(
        until deadline: NIODeadline, evenIfCancelled: Bool = false,
        _ isReached: @escaping @Sendable (borrowing ClientState) -> Bool
    ) async {
        while NIODeadline.now() < deadline, evenIfCancelled || !Task.isCancelled {
            await waitForWord(until: deadline, evenIfCancelled: evenIfCancelled, isReached)
            if state.withLock({ isReached($0) }) { return }
        }
    }

    /// Waits until something happened that may be what is waited for, the deadline came or the task was cancelled.
    private func waitForWord(
        until deadline: NIODeadline, evenIfCancelled: Bool, _ isReached: @Sendable (borrowing ClientState) -> Bool
    ) async {
        let ticket = state.withLock { $0.nextTicket() }
        var timer: Task<Void, Never>?
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    // A task that was cancelled just now has had its word already.
                    if isReached(state) || Task.isCancelled && !evenIfCancelled { return false }
                    state.waiters[ticket] = continuation
                    return true
                }
                guard waits else { return continuation.resume() }
                if deadline < .distantFuture {
                    // Not on the event loop: limits hold when that is stuck, or gone.
                    timer = Task { [self] in
                        try? await Task.sleep(for: .nanoseconds((deadline - .now()).nanoseconds))
                        resumeWaiter(ticket)
                    }
                }
            }
        } onCancel: {
            if !evenIfCancelled { resumeWaiter(ticket) }
        }
        timer?.cancel()
    }

    private func resumeWaiter(_ ticket: UInt64) {
        state.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
    }
}

/// Reports the spans of one instrumentation scope.
public struct SpanReporter: Sendable {
    private let client: SpanClient
    private let origin: EncodedOrigin

    init(client: SpanClient, origin: EncodedOrigin) {
        self.client = client
        self.origin = origin
    }

    /// Hands a span over, without waiting. O(size of the span): it is encoded on the calling thread.
    ///
    /// - Returns: `false` when it was dropped: the queue is full, the span too large, or the client shut down. Such a
    ///   span is counted, and the count told to the collector where there still is one.
    @discardableResult
    public func report(_ span: SpanRecord) -> Bool {
        client.offer(span, origin, countsFull: true) == .taken
    }

    /// Hands a span over, waiting for room where the queue is full: for work that rather slows down than loses spans. A task
    /// that is cancelled waits no longer, as if the limit were over.
    ///
    /// - Parameter limit: after which the span is dropped and counted as `queue_full`; `.zero` does not wait.
    /// - Returns: `false` when it was dropped.
    @discardableResult
    public func report(_ span: SpanRecord, waitingUpTo limit: Duration) async -> Bool {
        await client.deliver(span, origin, until: .now() + TimeAmount(limit)) == .taken
    }

    /// Hands a span over if there is room, and counts nothing if not.
    package func offer(_ span: SpanRecord) -> SpanClient.Offer {
        client.offer(span, origin, countsFull: false)
    }

    /// Waits until it is worth offering a span again that found no room, or for `limit`.
    package func waitForRoom(upTo limit: Duration) async {
        await client.waitForRoom(until: .now() + TimeAmount(limit))
    }
}
