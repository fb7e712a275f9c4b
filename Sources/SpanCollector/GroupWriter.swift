import Logging
import SpanModel
import SpanSession
import SpanStorage
import SpanTransport
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Commits batches of all connections in groups: as many as came while the last commit was under way.
///
/// One transaction costs one wait for the disk, whoever the batches are from, so a group serves all senders at the price
/// of one.
final class GroupWriter: SpanSink {
    /// How much one transaction takes at the most: batches, and payload bytes and spans unless it is a single batch.
    private static let maxGroupBatches = 256
    private let maxGroupBytes: Int
    private let maxGroupSpans: Int
    /// `nil`: the process's memory is not ours to care for.
    let keeper: Mutex<MemoryKeeper?>
    private let failureLog: LogGate

    private enum Request: Sendable {
        case find(SenderID, ConnectionID, agent: String, completion: @Sendable (SinkAnswer<UInt64>) -> Void)
        case store(Pending)
    }

    private struct Pending: Sendable {
        /// Encoded until its turn comes, so that what waits takes no more memory than it did on the wire.
        var delivery: Delivery
        var receivedAtUnixNano: UInt64
        var completion: @Sendable (SinkAnswer<StoredBatch>) -> Void

        var connection: ConnectionID { delivery.connection }
        var batch: StoredBatch { StoredBatch(sequence: delivery.batch.sequence) }

        /// Encoded as it came: a session has read all of it, and the store need not decode it.
        var incoming: IncomingBatch {
            IncomingBatch(
                sender: delivery.sender, sequence: delivery.batch.sequence, agent: delivery.agent,
                checked: delivery.batch.payload, dropped: delivery.batch.dropped,
                rejectedReports: delivery.batch.validation.rejectedSpans,
                receivedAtUnixNano: receivedAtUnixNano)
        }
    }

    private struct Connection {
        /// Batches without an answer.
        var waiting = 0
        /// A batch was refused: nothing later of the connection may be stored.
        var isRefused = false
        var hasEnded = false
    }

    private struct State {
        var requests: [Request] = []
        var connections: [ConnectionID: Connection] = [:]
        var statistics = CollectorStatistics()
        /// Which connection is a sender's.
        var current: [SenderID: ConnectionID] = [:]
        /// Senders that came or went, to be noted in the store.
        var changes: [SenderID: SenderChange] = [:]

        /// Notes that a batch was answered, and forgets a connection that ended and waits for nothing.
        mutating func answered(_ id: ConnectionID, isRefused: Bool) {
            guard var connection = connections[id] else { return }
            connection.waiting -= 1
            connection.isRefused = connection.isRefused || isRefused
            connections[id] = connection.hasEnded && connection.waiting == 0 ? nil : connection
        }
    }

    private let store: any SpanStore
    private let logger: Logger
    private let state = Mutex(State())
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    /// What senders are told to wait when the store fails.
    private let retryAfter = Duration.seconds(1)

    /// - Parameters:
    ///   - keeper: told of each commit, so that it can return what is free to the system.
    ///   - failureLog: for lines that say that the store fails, which it may do with every request.
    init(
        store: any SpanStore, memory: MemoryPlan = .standard, keeper: MemoryKeeper? = nil,
        failureLog: LogGate = LogGate(), logger: Logger
    ) {
        maxGroupBytes = memory.maxGroupBytes
        maxGroupSpans = memory.maxGroupSpans
        self.keeper = Mutex(keeper)
        self.failureLog = failureLog
        self.store = store
        self.logger = logger
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var statistics: CollectorStatistics { state.withLock { $0.statistics } }

    // MARK: SpanSink

    func findSender(
        _ sender: SenderID, connection: ConnectionID, agent: String,
        completion: @escaping @Sendable (SinkAnswer<UInt64>) -> Void
    ) {
        enqueue(.find(sender, connection, agent: agent, completion: completion))
    }

    func store(_ delivery: Delivery, completion: @escaping @Sendable (SinkAnswer<StoredBatch>) -> Void) {
        enqueue(
            .store(Pending(delivery: delivery, receivedAtUnixNano: unixNanosNow(), completion: completion)))
    }

    func connectionEnded(_ connection: ConnectionID, sender: SenderID?, saidGoodbye: Bool) {
        let isNews = state.withLock { state in
            guard let sender, state.current[sender] == connection else { return false }
            state.current[sender] = nil
            state.changes[sender] = SenderChange(
                sender: sender, presence: saidGoodbye ? .saidGoodbye : .gone, atUnixNano: unixNanosNow())
            return true
        }
        defer { if isNews { wakeUp.yield() } }
        state.withLock { state in
            guard state.connections[connection] != nil else { return }
            state.connections[connection]?.hasEnded = true
            if state.connections[connection]?.waiting == 0 { state.connections[connection] = nil }
        }
    }

    private func enqueue(_ request: Request) {
        state.withLock { state in
            state.requests.append(request)
            switch request {
            case .store(let pending):
                state.connections[pending.connection, default: Connection()].waiting += 1
            case .find(let sender, let connection, let agent, _):
                state.current[sender] = connection
                state.changes[sender] = SenderChange(
                    sender: sender, agent: agent, presence: .connected, atUnixNano: unixNanosNow())
            }
        }
        wakeUp.yield()
    }

    // MARK: The one task that commits

    /// Works until `finish()`, and then until nothing waits.
    func run() async {
        // Whoever was connected to a collector that ended before it could note what became of them, is so no more.
        await noteAllGone()
        for await _ in wakeUps {
            while await workOnce() {}
        }
        while await workOnce() {}
        await noteAllGone()
    }

    private func noteAllGone() async {
        await note([SenderChange(sender: nil, presence: .gone, atUnixNano: unixNanosNow())])
    }

    func finish() { wakeUp.finish() }

    /// Does the requests at the head: a look-up, or a group of batches.
    ///
    /// - Returns: `false` when there was nothing to do.
    private func workOnce() async -> Bool {
        let (work, changes) = state.withLock { state in
            let work = takeGroup(&state.requests)
            // Batches first: that a sender came or went can wait until nothing else does.
            guard work.isEmpty else { return (work, [SenderChange]()) }
            defer { state.changes = [:] }
            return (work, Array(state.changes.values))
        }
        guard !work.isEmpty else {
            if !changes.isEmpty { await note(changes) }
            return !changes.isEmpty
        }
        var group: [IncomingBatch] = []
        var pending: [Pending] = []
        for request in work {
            switch request {
            case .find(let sender, _, _, let completion): await find(sender, completion)
            case .store(let waiting):
                if refusedForAnEarlierOne(waiting) { break }
                group.append(waiting.incoming)
                pending.append(waiting)
            }
        }
        if !group.isEmpty {
            await commit(group, pending)
            keeper.withLock { $0?.committed() }
        }
        return true
    }

    /// Refuses a batch of a connection of which an earlier one was refused.
    private func refusedForAnEarlierOne(_ waiting: Pending) -> Bool {
        let isRefused = state.withLock { state in
            let isRefused = state.connections[waiting.connection]?.isRefused ?? false
            if isRefused { state.answered(waiting.connection, isRefused: true) }
            return isRefused
        }
        if isRefused { waiting.completion(.refused(retryAfter: retryAfter)) }
        return isRefused
    }

    /// A look-up alone, or the run of batches in front of the next look-up, within the bounds of a group.
    private func takeGroup(_ requests: inout [Request]) -> [Request] {
        var count = 0
        var (bytes, spans) = (0, 0)
        for request in requests {
            guard case .store(let pending) = request else {
                if count == 0 { count = 1 }
                break
            }
            bytes += pending.delivery.batch.payloadBytes
            spans += pending.delivery.batch.weight
            let isOver = count == Self.maxGroupBatches || bytes > maxGroupBytes || spans > maxGroupSpans
            if count > 0, isOver { break }
            count += 1
        }
        let taken = Array(requests.prefix(count))
        requests.removeFirst(count)
        return taken
    }

    /// Whether senders are there is worth a warning, and not an end, if it cannot be stored.
    private func note(_ changes: [SenderChange]) async {
        do {
            try await store.note(changes)
        } catch {
            logFailure(.warning, "the store does not take who came and went", of: error.code, error)
        }
    }

    private func find(_ sender: SenderID, _ completion: @Sendable (SinkAnswer<UInt64>) -> Void) async {
        do {
            completion(.done(try await store.storedSequence(of: sender)))
        } catch {
            logFailure(.error, "the store cannot be asked", of: error.code, error)
            completion(.refused(retryAfter: retryAfter))
        }
    }

    private func commit(_ group: [IncomingBatch], _ pending: [Pending]) async {
        do {
            let result = try await store.append(group)
            state.withLock { state in
                state.statistics.storedBatches += UInt64(pending.count)
                state.statistics.storedReports += UInt64(result.storedReports)
                let rejected =
                    pending.reduce(0) { $0 + $1.delivery.batch.validation.rejectedSpans } + result.rejectedReports
                state.statistics.rejectedReports += UInt64(rejected)
                for waiting in pending { state.answered(waiting.connection, isRefused: false) }
            }
            for waiting in pending { waiting.completion(.done(waiting.batch)) }
        } catch {
            // What the engine cannot keep may be one batch's doing, or its sender's whose row is damaged: its neighbours must
            // not fail with it for ever.
            if error.code == .engineFailed || error.code == .corrupt, group.count > 1 {
                for (batch, waiting) in zip(group, pending) where !refusedForAnEarlierOne(waiting) {
                    await commit([batch], [waiting])
                }
                return
            }
            logFailure(
                .error, "the store took nothing of a group; its senders keep their spans and come again",
                of: error.code, error, batches: group.count)
            refuse(pending)
        }
    }

    /// One line of each kind for all that happens in some seconds: while a disk is full every batch fails, many times a
    /// second.
    private func logFailure(
        _ level: Logger.Level, _ message: StaticString, of code: SpanStoreError.Code, _ error: SpanStoreError,
        batches: Int? = nil
    ) {
        guard let count = failureLog.pass("\(message) \(code.rawValue)", adding: batches ?? 1) else { return }
        logger.log(
            level: level, "\(message)",
            metadata: ["error": "\(error)", batches == nil ? "times" : "batches": "\(count)"])
    }

    private func refuse(_ pending: [Pending]) {
        state.withLock { state in
            state.statistics.refusedBatches += UInt64(pending.count)
            for waiting in pending { state.answered(waiting.connection, isRefused: true) }
        }
        for waiting in pending { waiting.completion(.refused(retryAfter: retryAfter)) }
    }
}

/// The system's clock, nanoseconds since 1970-01-01T00:00:00Z.
func unixNanosNow() -> UInt64 {
    var time = timespec()
    // Proof: the pointer is to a local that lives through the call.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(clamping: Int64(time.tv_sec)) * 1_000_000_000 + UInt64(clamping: Int64(time.tv_nsec))
}
