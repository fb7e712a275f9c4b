import ProtoWire
import SpanCompression
import SpanModel
import SpanSession

// The collector and its store.
extension World {
    static let codec = SystemCompression()

    /// Each connection may find other limits and another compression.
    mutating func collectorSettings() -> ServerSettings {
        var settings = ServerSettings(
            agent: "world", maxFrameBytes: 2000, creditBytes: .random(in: plan.creditBytes, using: &random))
        if !plan.compressions.isEmpty {
            settings.codec = World.codec
            settings.compressions = plan.compressions.filter { _ in below(4) > 0 }
            settings.windowLog = 17
        }
        // Less than the initializer allows, so that batches have to be split.
        if plan.hasSmallFrames { settings.setFrameLimit(unclamped: UInt32(120 + below(580))) }
        if plan.hasLightBatches { settings.maxBatchWeight = 1 + below(8) }
        return settings
    }

    mutating func perform(_ actions: [ServerAction], of id: Int) throws(Failure) {
        for action in actions {
            guard let at = position(of: id) else { return }
            let sender = connections[at].sender
            switch action {
            case .lookUpSender(let senderID, _):
                guard senderID == senders[sender].client.settings.senderID else {
                    throw Failure(description: "another sender is looked up than the one that greets")
                }
                guard try supersede(by: id, of: sender) else { break }
                jobs.append(.lookUp(connection: id, sender: sender))
            case .store(let batch):
                note("collector: connection \(id) stores \(batch.sequence)")
                try connections[at].watch.read(batch.sequence)
                try remember(batch, of: sender)
                jobs.append(.commit(connection: id, sender: sender, batch))
            case .send(let frame):
                if frame.head.kind == .ack, connections[at].watch.answersAtOnce { happened(.storedAlready) }
                note("collector: connection \(id) \(frame.head.kind)")
                if frame.head.kind == .goAway { try checkFarewell(frame, at) }
                try connections[at].watch.answered(frame, storedSequence: ledgers[sender].storedSequence)
                if !connections[at].isCut { connections[at].toClient += frame.bytes }
            case .fault(let error):
                note("collector: connection \(id) \(error)")
                // A copy has the sender's frames without the acks it had waited for.
                let isCopysFault = connections[at].isCopy && error.code == .creditExceeded
                guard [.timedOut, .storeFailed, .superseded].contains(error.code) || isCopysFault else {
                    throw Failure(description: "the collector found a fault: \(error)")
                }
            case .close(let outcome):
                guard outcome != .saidGoodbye || connections[at].watch.answersAtOnce else {
                    throw Failure(description: "connection \(id) is closed at goodbye before its last ack")
                }
                connections[at].session = nil
                connections[at].clientSeesEnd = true
            }
        }
    }

    /// What a driver does before it looks a sender up.
    ///
    /// - Returns: `false` when it does not: a newer connection of the sender is there.
    private mutating func supersede(by id: Int, of sender: Int) throws(Failure) -> Bool {
        guard let own = position(of: id) else { return false }
        let number = connections[own].number.rawValue
        if id < latestConnection[sender] { happened(.reordered) }
        latestConnection[sender] = max(latestConnection[sender], id)
        let others = connections.filter { $0.sender == sender && $0.id != id && $0.session?.senderID != nil }
        if others.contains(where: { $0.number.rawValue >= number }) {
            happened(.outdated)
            try perform(connections[own].session!.outdated(now: now), of: id)
            return false
        }
        for other in others {
            guard let at = position(of: other.id) else { continue }
            happened(.superseded)
            try perform(connections[at].session!.superseded(now: now), of: other.id)
        }
        return true
    }

    /// A drain waits for what is on its way to the store, for ten seconds.
    private func checkFarewell(_ frame: OutgoingFrame, _ at: Int) throws(Failure) {
        guard let goAway = try? GoAway(decoding: frame.payload), goAway.code == .shuttingDown,
            let since = connections[at].drained, now < since.advanced(by: .seconds(10))
        else { return }
        guard connections[at].watch.answersAtOnce else {
            throw Failure(description: "a drain leaves batches without their ack")
        }
    }

    private func spans(of batch: ReceivedBatch) throws(Failure) -> [SpanRecord] {
        guard let spans = try? batch.decoded(), spans.spanCount == batch.spanCount else {
            throw Failure(description: "batch \(batch.sequence) is handed to the store in a form that nobody can read")
        }
        return Array(spans.spans)
    }

    /// What was sent under a number never changes.
    private mutating func remember(_ batch: ReceivedBatch, of sender: Int) throws(Failure) {
        let content = Ledger.Content(
            spans: try spans(of: batch).map(\.spanID.value), rejected: batch.validation.rejectedSpans,
            dropped: batch.dropped)
        guard let known = ledgers[sender].contents.updateValue(content, forKey: batch.sequence) else { return }
        happened(.resent)
        guard known == content else {
            throw Failure(description: "batch \(batch.sequence) of sender \(sender) is not what it was")
        }
    }

    // MARK: The store

    /// Whether the store would do something now.
    var storeCanRun: Bool { !jobs.isEmpty && storeStalledUntil.map { $0 <= now } ?? true }

    mutating func runStore() throws(Failure) {
        guard storeCanRun else { return }
        var group: [(connection: Int, batches: [StoredBatch])] = []
        for _ in 0...below(4) where !jobs.isEmpty {
            switch jobs.removeFirst() {
            case .lookUp(let id, let sender):
                guard let at = position(of: id), connections[at].session != nil else { continue }
                let stored = ledgers[sender].storedSequence
                note("store: has \(stored) of sender \(sender)")
                try perform(connections[at].session!.senderFound(storedSequence: stored, now: now), of: id)
            case .commit(let id, let sender, let batch):
                if diskFullUntil.map({ $0 > now }) ?? false {
                    try answer(group)
                    group = []
                    try fail(id)
                    continue
                }
                let stored = try commit(batch, of: sender)
                if group.last?.connection == id {
                    group[group.count - 1].batches.append(stored)
                } else {
                    group.append((id, [stored]))
                }
            }
        }
        if hasFaults, !group.isEmpty, plan.faults.contains(.collectorCrashed), below(30) == 0 {
            happened(.crashedBeforeAck)
            crashCollector()
        }
        try answer(group)
    }

    private mutating func answer(_ group: [(connection: Int, batches: [StoredBatch])]) throws(Failure) {
        for (id, batches) in group {
            guard let at = position(of: id), connections[at].session != nil else { continue }
            try perform(connections[at].session!.batchesStored(batches, now: now), of: id)
        }
    }

    /// The disk is full. Nothing that the connection sent later may be stored.
    private mutating func fail(_ id: Int) throws(Failure) {
        happened(.storeFailed)
        note("store: fails connection \(id)")
        jobs.removeAll {
            if case .commit(id, _, _) = $0 { true } else { false }
        }
        guard let at = position(of: id), connections[at].session != nil else { return }
        let wait = Duration.milliseconds(20 + below(500))
        try perform(connections[at].session!.batchFailed(retryAfter: wait, now: now), of: id)
    }

    /// One transaction: spans, drop counts and sequence.
    private mutating func commit(_ batch: ReceivedBatch, of sender: Int) throws(Failure) -> StoredBatch {
        guard batch.sequence > ledgers[sender].storedSequence else {
            throw Failure(
                description: "batch \(batch.sequence) came to the store, which has \(ledgers[sender].storedSequence)")
        }
        note("store: commits \(batch.sequence) of sender \(sender)")
        happened(.batchesStored)
        ledgers[sender].storedSequence = batch.sequence
        var refused = 0
        var numbers: [UInt64] = []
        for span in try spans(of: batch) {
            guard span.traceID.high == UInt64(sender) + 1 else {
                throw Failure(description: "a span of one sender came with the sequence of another")
            }
            let number = Int(span.spanID.value) - 1
            numbers.append(span.spanID.value)
            while ledgers[sender].stored.count <= number { ledgers[sender].stored.append(0) }
            if plan.refusesSpans, below(20) == 0 {
                ledgers[sender].refusedByStore.insert(number)
                happened(.spanRefusedByStore)
                refused += 1
                continue
            }
            happened(.spansStored)
            ledgers[sender].stored[number] += 1
            guard ledgers[sender].stored[number] == 1, !ledgers[sender].refusedByStore.contains(number) else {
                throw Failure(description: "span \(number) of sender \(sender) came to the store twice")
            }
        }
        ledgers[sender].rejected += batch.validation.rejectedSpans
        happened(.spanRejected, batch.validation.rejectedSpans)
        for drop in batch.dropped {
            ledgers[sender].dropped[drop.reason, default: 0] += drop.spans
            happened(.spansDropped, Int(drop.spans))
        }
        return StoredBatch(sequence: batch.sequence, rejectedSpans: refused, message: refused > 0 ? "refused" : "")
    }

    mutating func crashCollector() {
        happened(.collectorCrashed)
        note("collector: crashes")
        jobs = []
        collectorDownUntil = now.advanced(by: .milliseconds(below(2000)))
        for at in connections.indices where connections[at].wasAccepted {
            connections[at].session = nil
            connections[at].toServer = []
            connections[at].toClient.removeLast(below(connections[at].toClient.count + 1))
            // A machine that loses its power says nothing to anybody.
            if below(4) == 0 { connections[at].isSwallowed = true } else { connections[at].clientSeesEnd = true }
        }
    }

    mutating func drain() throws(Failure) {
        happened(.drained)
        note("collector: drains")
        for id in connections.filter({ $0.session != nil }).map(\.id) {
            guard let at = position(of: id), connections[at].session != nil else { continue }
            connections[at].drained = connections[at].drained ?? now
            try perform(connections[at].session!.drain(retryAfter: .milliseconds(below(200)), now: now), of: id)
        }
    }
}
