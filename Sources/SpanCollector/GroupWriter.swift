import Logging
import SpanModel
import SpanSession
import SpanStorage
import SpanTransport
import Synchronization

/// Commits batches of all connections in groups: as many as came while the last commit was under way.
///
/// One transaction costs one wait for the disk, whoever the batches are from, so a group serves all senders at the
/// price of one. Senders are looked up beside it, so that no commit waits for a look-up.
final class GroupWriter: SpanSink {
    /// The most that one transaction takes: batches, and payload bytes and spans unless it is a single batch.
    private static let maxGroupBatches = 256
    private let maxGroupBytes: Int
    private let maxGroupSpans: Int
    /// `nil`: the process's memory is not ours to care for.
    let keeper: Mutex<MemoryKeeper?>
    private let failureLog: LogGate

    private struct Pending: Sendable {
        /// Encoded until its turn comes, so that what waits takes no more memory than it did on the wire.
        var delivery: Delivery
        var receivedAtUnixNano: UInt64
        var completion: @Sendable (SinkAnswer<StoredBatch>) -> Void

        var connection: ServerConnectionID { delivery.connection }
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
        var requests: [Pending] = []
        var connections: [ServerConnectionID: Connection] = [:]
        var statistics = CollectorStatistics()
        var presence = PresenceNotes()
        var lookUps = SenderLookUps()
        /// Nothing is taken any more.
        var hasEnded = false

        /// Notes that a batch was answered, and forgets a connection that ended and waits for nothing.
        mutating func answered(_ batch: Pending, isRefused: Bool) {
            lookUps.batchAnswered(of: batch.delivery.sender)
            let id = batch.connection
            guard var connection = connections[id] else { return }
            connection.waiting -= 1
            connection.isRefused = connection.isRefused || isRefused
            connections[id] = connection.hasEnded && connection.waiting == 0 ? nil : connection
        }
    }

    private let store: any SpanStore
    private let logger: Logger
    private let state = Mutex(State())
    private let collector = CollectorID.random()
    private let nowUnixNano: @Sendable () -> UInt64
    /// There is something to store or to note; the lease first of all.
    private let work = Signal(isRaised: true)
    /// There are senders to look up.
    private let lookUpWork = Signal()
    /// The delay that senders are told when the store fails.
    private let retryAfter = Duration.seconds(1)
    /// The interval at which the lease is renewed, which lasts three times as long.
    private static let renewal = Duration.nanoseconds(Int64(CollectorLease.standardLengthNano / 3))

    /// - Parameters:
    ///   - keeper: told of each commit, so that it can return what is free to the system.
    ///   - failureLog: for lines that say that the store fails, which it may do with every request.
    ///   - nowUnixNano: the clock that batches, changes and leases get their times from.
    init(
        store: any SpanStore, memory: MemoryPlan = .standard, keeper: MemoryKeeper? = nil,
        failureLog: LogGate = LogGate(), logger: Logger,
        nowUnixNano: @escaping @Sendable () -> UInt64 = WallClock.nowUnixNano
    ) {
        maxGroupBytes = memory.maxGroupBytes
        maxGroupSpans = memory.maxGroupSpans
        self.keeper = Mutex(keeper)
        self.failureLog = failureLog
        self.store = store
        self.logger = logger
        self.nowUnixNano = nowUnixNano
    }

    var statistics: CollectorStatistics { state.withLock { $0.statistics } }

    // MARK: SpanSink

    func findSender(
        _ sender: SenderID, connection: ServerConnectionID, agent: String,
        completion: @escaping @Sendable (SinkAnswer<UInt64>) -> Void
    ) {
        let now = nowUnixNano()
        let (isReady, hasEnded) = state.withLock { state in
            if state.hasEnded { return (false, true) }
            state.presence.connected(sender, connection, agent: agent, nowUnixNano: now)
            state.lookUps.add(SenderLookUps.LookUp(sender: sender, connection: connection, completion: completion))
            return (state.lookUps.isReady, false)
        }
        if hasEnded { return completion(.refused(retryAfter: retryAfter)) }
        if isReady { lookUpWork.raise() }
        work.raise()
    }

    func store(_ delivery: Delivery, completion: @escaping @Sendable (SinkAnswer<StoredBatch>) -> Void) {
        let pending = Pending(delivery: delivery, receivedAtUnixNano: nowUnixNano(), completion: completion)
        let hasEnded = state.withLock { state in
            if state.hasEnded { return true }
            state.requests.append(pending)
            state.connections[pending.connection, default: Connection()].waiting += 1
            state.lookUps.batchCame(of: delivery.sender)
            return false
        }
        if hasEnded { return completion(.refused(retryAfter: retryAfter)) }
        work.raise()
    }

    func connectionEnded(_ connection: ServerConnectionID, sender: SenderID?, saidGoodbye: Bool) {
        let now = nowUnixNano()
        let isNews = state.withLock { state in
            if state.connections[connection] != nil {
                state.connections[connection]?.hasEnded = true
                if state.connections[connection]?.waiting == 0 { state.connections[connection] = nil }
            }
            guard let sender else { return false }
            return state.presence.ended(sender, connection, saidGoodbye: saidGoodbye, nowUnixNano: now)
        }
        if isNews { work.raise() }
    }

    // MARK: The one task that commits

    /// Works until `finish()`, and then until nothing waits. Cancellation ends nothing: what was handed over is
    /// answered.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.lookUpSenders() }
            group.addTask { await self.renewLeases() }
            while await work.wait() {
                while await workOnce() {}
            }
            while await workOnce() {}
            lookUpWork.finish()
            group.cancelAll()
        }
        await end()
    }

    func finish() { work.finish() }

    /// Does what is most urgent: notes what has to be noted, or commits a group of batches.
    ///
    /// - Returns: `false` when there was nothing to do.
    private func workOnce() async -> Bool {
        let now = nowUnixNano()
        let changes = state.withLock { state in
            state.presence.take(isBusy: !state.requests.isEmpty, nowUnixNano: now)
        }
        if let changes {
            await note(changes)
            return true
        }
        let work = state.withLock { takeGroup(&$0.requests) }
        guard !work.isEmpty else { return false }
        let pending = work.filter { !refusedForAnEarlierOne($0) }
        if !pending.isEmpty {
            await commit(pending.map(\.incoming), pending)
            keeper.withLock { $0?.committed() }
        }
        return true
    }

    /// Refuses a batch of a connection of which an earlier one was refused.
    private func refusedForAnEarlierOne(_ waiting: Pending) -> Bool {
        let isRefused = state.withLock { state in
            let isRefused = state.connections[waiting.connection]?.isRefused ?? false
            if isRefused { state.answered(waiting, isRefused: true) }
            return isRefused
        }
        if isRefused { lookUpsMayBeReady() }
        if isRefused { waiting.completion(.refused(retryAfter: retryAfter)) }
        return isRefused
    }

    /// The batches in front, within the bounds of a group.
    private func takeGroup(_ requests: inout [Pending]) -> [Pending] {
        var count = 0
        var (bytes, spans) = (0, 0)
        for pending in requests {
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

    private func commit(_ group: [IncomingBatch], _ pending: [Pending]) async {
        do {
            let result = try await store.append(group)
            state.withLock { state in
                state.statistics.storedBatches += UInt64(pending.count)
                state.statistics.storedReports += UInt64(result.storedReports)
                let rejected =
                    pending.reduce(0) { $0 + $1.delivery.batch.validation.rejectedSpans } + result.rejectedReports
                state.statistics.rejectedReports += UInt64(rejected)
                for waiting in pending { state.answered(waiting, isRefused: false) }
            }
            lookUpsMayBeReady()
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
            for waiting in pending { state.answered(waiting, isRefused: true) }
        }
        lookUpsMayBeReady()
        for waiting in pending { waiting.completion(.refused(retryAfter: retryAfter)) }
    }

    /// Refuses what came after `finish()` and is in no group any more, and ends the lease.
    private func end() async {
        let left = state.withLock { state in
            state.hasEnded = true
            defer { state.requests = [] }
            return state.requests
        }
        refuse(left)
        for lookUp in state.withLock({ $0.lookUps.takeReady() }) { lookUp.completion(.refused(retryAfter: retryAfter)) }
        do {
            try await store.endLease(of: collector)
        } catch {
            logFailure(.warning, "the store does not take that the collector ended", of: error.code, error)
        }
    }

    // MARK: Who is there

    private func renewLeases() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.renewal)
            renewLease()
        }
    }

    /// Renews the lease before anything else that is to be done.
    func renewLease() {
        state.withLock { $0.presence.renew() }
        work.raise()
    }

    /// Stores who is connected. A failure is worth a warning, and not an end.
    private func note(_ changes: [SenderChange]) async {
        let now = nowUnixNano()
        do {
            let isKnown = try await store.note(
                changes, by: CollectorLease(collector: collector, renewedAtUnixNano: now))
            if !isKnown { state.withLock { $0.presence.noteAllBut(changes, nowUnixNano: now) } }
        } catch {
            state.withLock { $0.presence.giveBack(changes) }
            logFailure(.warning, "the store does not take who came and went", of: error.code, error)
        }
    }

    // MARK: The one task that looks senders up

    private func lookUpSenders() async {
        repeat {
            while true {
                let lookUps = state.withLock { $0.lookUps.takeReady() }
                if lookUps.isEmpty { break }
                for lookUp in lookUps { await find(lookUp) }
            }
        } while await lookUpWork.wait()
    }

    private func lookUpsMayBeReady() {
        if state.withLock({ $0.lookUps.isReady }) { lookUpWork.raise() }
    }

    /// Whoever is gone or superseded needs no answer. There may be thousands, and others wait behind them.
    private func find(_ lookUp: SenderLookUps.LookUp) async {
        guard state.withLock({ $0.presence.isCurrent(lookUp.connection, of: lookUp.sender) }) else {
            return lookUp.completion(.refused(retryAfter: retryAfter))
        }
        do {
            lookUp.completion(.done(try await store.storedSequence(of: lookUp.sender)))
        } catch {
            logFailure(.error, "the store cannot be asked", of: error.code, error)
            lookUp.completion(.refused(retryAfter: retryAfter))
        }
    }
}
