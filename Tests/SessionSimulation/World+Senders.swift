import ProtoWire
import SpanModel
import SpanSession

// The senders and what a driver does for them.
extension World {
    mutating func startSender() throws(Failure) {
        let index = senders.count
        senders.append(Sender(number: index, plan: plan, random: &random))
        ledgers.append(Ledger())
        latestConnection.append(0)
        active.append(index)
        try perform(senders[index].client.start(now: now), of: index)
    }

    // MARK: Spans

    /// A program ends a few spans.
    mutating func offer() throws(Failure) {
        guard let index = active.randomElement(using: &random), !senders[index].isLeaving else { return }
        for _ in 0...below(4) {
            if let waiting = senders[index].waiting {
                // Who waits does nothing else meanwhile.
                append(waiting, of: index)
                continue
            }
            let number = senders[index].offered
            senders[index].offered += 1
            senders[index].taken.append(false)
            append(Sender.Waiting(number: number, bytes: spanBytes(number, of: index)), of: index)
        }
    }

    private mutating func append(_ span: Sender.Waiting, of index: Int) {
        senders[index].waiting = nil
        let queuedBefore = senders[index].queue.queuedSpans
        let waits = senders[index].waitsForRoom && span.attempts < 8
        switch senders[index].queue.append(span.bytes.rawSpan, origin: World.origin, waits: waits, now: now) {
        case .taken, .batchReady: senders[index].taken[span.number] = true
        case .tooLarge: happened(.spanTooLarge)
        case .full where waits:
            happened(.waitedForRoom)
            senders[index].waiting = span
            senders[index].waiting?.attempts += 1
        case .full:
            happened(.droppedNewest)
            let kind = plan.hasOwnReasons ? below(12) : 0
            let reason = DropReason(rawValue: "own_reason_\(kind)" + String(repeating: "x", count: 4 * kind))
            senders[index].queue.drop(kind == 0 ? .queueFull : reason)
        }
        // Taken, and yet there are no more than before: older ones were given up.
        if senders[index].taken[span.number], senders[index].queue.queuedSpans <= queuedBefore {
            happened(.droppedOldest)
        }
    }

    private mutating func spanBytes(_ number: Int, of index: Int) -> [UInt8] {
        let length = below(60) == 0 ? 700 : below(below(3) == 0 ? 300 : 30)
        // Half of them such as cannot be compressed.
        let isPlain = Bool.random(using: &random)
        let name = (0..<length).map { _ in isPlain ? UInt8(ascii: "n") : UInt8(97 + below(26)) }
        var span = SpanRecord(
            traceID: TraceID(high: UInt64(index) + 1, low: UInt64(number) + 1), spanID: SpanID(UInt64(number) + 1),
            name: String(decoding: name, as: UTF8.self), startTimeUnixNano: now.nanoseconds)
        if plan.hasInvalidSpans, below(12) == 0 { span.spanID = .invalid }
        // Up to three times as heavy as one that has none.
        if plan.hasLightBatches, below(8) == 0 {
            span.attributes = (0..<below(33)).map { Attribute("a\($0)", .bool(true)) }
        }
        return span.encoded()
    }

    static let origin = EncodedOrigin(
        resource: Resource(attributes: [Attribute("service.name", .string("shop"))]),
        scope: InstrumentationScope(name: "http"))

    // MARK: Driving

    /// What a driver does whenever something may have changed: `ClientDriver.pump`.
    mutating func drive(_ index: Int) throws(Failure) {
        if let waiting = senders[index].waiting { append(waiting, of: index) }
        try perform(
            senders[index].client.reportDropped(senders[index].queue.takeDropped(), now: now), of: index)
        while senders[index].outcome == nil, senders[index].client.wantsBatch,
            let batch = senders[index].queue.nextBatch(now: now)
        {
            try handOver(batch, of: index)
        }
        if let id = senders[index].connection, let at = position(of: id), connections[at].watch.isOutOfCredit,
            senders[index].queue.hasBatch(now: now)
        {
            happened(.creditExhausted)
        }
        if senders[index].isLeaving, !senders[index].saidGoodbye, senders[index].waiting == nil {
            // `ClientDriver.finish`: the rest of the queue at once, and goodbye behind it.
            senders[index].saidGoodbye = true
            _ = senders[index].queue.flush()
            try perform(
                senders[index].client.reportDropped(senders[index].queue.takeDropped(), now: now), of: index)
            while senders[index].outcome == nil, let batch = senders[index].queue.nextBatch(now: now) {
                try handOver(batch, of: index)
            }
            note("sender \(index): says goodbye")
            try perform(senders[index].client.goodbye(now: now), of: index)
        }
        if senders[index].wanted != nil { try connect(index) }
        try finishRefused()
    }

    private mutating func handOver(_ batch: EncodedBatch, of index: Int) throws(Failure) {
        guard let decoded = try? SpanBatch(decoding: batch.payload), decoded.spanCount == batch.spanCount else {
            throw Failure(description: "a batch of the queue is not what it says")
        }
        let valid = decoded.spans.filter(\.spanID.isValid)
        senders[index].spansOfBatch[batch.ordinal] = valid.map { Int($0.spanID.value) - 1 }
        senders[index].invalidOfBatch[batch.ordinal] = batch.spanCount - valid.count
        try perform(senders[index].client.send(batch, now: now), of: index)
    }

    /// Begins to shut a sender down.
    mutating func leave(_ index: Int) throws(Failure) {
        guard !senders[index].isLeaving else { return }
        senders[index].isLeaving = true
        try drive(index)
    }

    mutating func perform(_ actions: [ClientAction], of index: Int) throws(Failure) {
        for action in actions {
            switch action {
            case .connect(let number): senders[index].wanted = number
            case .send(let frame): try send(frame, of: index)
            case .close: close(index)
            case .welcomed(let welcome):
                senders[index].isWelcoming = true
                senders[index].compression = welcome.compression
            case .settled(let receipt): try settle(receipt, of: index)
            case .partialSuccess(let partial):
                senders[index].queue.rejected(Int(clamping: partial.rejectedSpans), reason: partial.errorMessage)
            case .disconnected(let error):
                note("sender \(index): \(error)")
                if error.code == .timedOut { happened(.givenUpBySender) }
                guard [.connectionLost, .goneAway, .timedOut].contains(error.code) else {
                    throw Failure(description: "a sender found a fault: \(error)")
                }
                senders[index].wanted = nil
                senders[index].connection = nil
            // A sender with a spool has a simulation of its own.
            case .numbered, .unnumbered, .acknowledged: break
            case .finished(let outcome):
                note("sender \(index): \(outcome)")
                senders[index].outcome = outcome
                active.removeAll { $0 == index }
                close(index)
            }
        }
        senders[index].isWelcoming = false
        try checkCredit(of: index)
    }

    private mutating func send(_ frame: OutgoingFrame, of index: Int) throws(Failure) {
        guard let id = senders[index].connection, let at = position(of: id) else {
            throw Failure(description: "\(frame.head.kind) is sent without a connection")
        }
        if try connections[at].watch.sent(frame) { happened(.sentOverCredit) }
        if frame.head.isCompressed {
            switch senders[index].compression {
            case .gzip: happened(.compressedGzip)
            case .zstd: happened(.compressedZstd)
            case .zstdStream: happened(.compressedZstdStream)
            default: throw Failure(description: "a frame is compressed, which was not agreed")
            }
        }
        if plan.hasDuplicates { connections[at].said += frame.bytes }
        if !connections[at].isCut { connections[at].toServer += frame.bytes }
    }

    /// What was written is still under way.
    private mutating func close(_ index: Int) {
        senders[index].wanted = nil
        guard let id = senders[index].connection, let at = position(of: id) else { return }
        senders[index].connection = nil
        connections[at].serverSeesEnd = true
    }

    private mutating func settle(_ receipt: BatchReceipt, of index: Int) throws(Failure) {
        senders[index].queue.settle(receipt)
        if receipt.dropReason == .spanTooLarge, receipt.spans > 0 { happened(.spanTooLarge) }
        guard receipt.dropReason == nil else { return }
        if senders[index].isWelcoming { happened(.settledByWelcome) }
        let ordinal = receipt.ordinal
        senders[index].acknowledgedOfBatch[ordinal, default: 0] += receipt.spans
        let numbers = senders[index].spansOfBatch[ordinal] ?? []
        if receipt.spans < numbers.count + (senders[index].invalidOfBatch[ordinal] ?? 0) {
            happened(plan.hasSmallFrames ? .split : .splitByWeight)
        }
        let ledger = ledgers[index]
        let stored = numbers.count { ledger.has($0) } + (senders[index].invalidOfBatch[ordinal] ?? 0)
        guard senders[index].acknowledgedOfBatch[ordinal, default: 0] <= stored else {
            throw Failure(description: "batch \(ordinal) of sender \(index) is reported as stored before it is")
        }
        guard senders[index].queue.report.storedSpans <= ledger.settledCount else {
            throw Failure(description: "sender \(index) has more spans reported as stored than are")
        }
    }

    // MARK: Ends

    /// The process is killed; the collector may hear of it or not. Another incarnation starts.
    mutating func crashSender() throws(Failure) {
        guard let index = active.randomElement(using: &random) else { return }
        happened(.senderCrashed)
        note("sender \(index): crashes")
        active.removeAll { $0 == index }
        if let id = senders[index].connection, let at = position(of: id) {
            senders[index].connection = nil
            truncate(at)
            if Bool.random(using: &random) {
                connections[at].serverSeesEnd = true
            } else {
                connections[at].isSwallowed = true
            }
        }
        try startSender()
    }

    /// The process ends and does not wait for acks.
    mutating func abandonSender() throws(Failure) {
        guard let index = active.randomElement(using: &random) else { return }
        happened(.senderAbandoned)
        try abandon(index, .shutdown)
        try startSender()
    }

    private mutating func abandon(_ index: Int, _ reason: DropReason) throws(Failure) {
        if senders[index].waiting != nil {
            senders[index].waiting = nil
            senders[index].queue.drop(reason)
        }
        try perform(senders[index].client.abandon(reason, now: now), of: index)
        senders[index].queue.abandon(reason)
    }

    /// Whose program has ended is started again. Nobody is sent away for good: no sender does anything that would deserve it.
    mutating func finishRefused() throws(Failure) {
        for index in senders.indices where !senders[index].isJudged {
            guard let outcome = senders[index].outcome else { continue }
            senders[index].isJudged = true
            switch outcome {
            case .saidGoodbye: happened(.saidGoodbye)
            case .abandoned: continue
            case .refused(let goAway):
                throw Failure(description: "sender \(index) is sent away for good: \(goAway.message)")
            }
            if hasFaults { try startSender() }
        }
    }
}
