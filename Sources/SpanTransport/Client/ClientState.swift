import ProtoWire
import SpanModel
import SpanSession
import SpanSpool

/// What the callers of a client and its driver share, behind one lock.
struct ClientState: ~Copyable {
    var queue: SpanQueue
    /// Where spans go first, if there is one; while it fails they go to the queue.
    var spool: SpanSpool?
    var recordWriter = WireAppender(capacity: 4096)
    var isStarted = false
    /// No more spans are taken.
    var isClosed = false
    /// The driver's, for what is counted after its end.
    var metrics: ClientMetrics?
    /// The session has ended: nothing more will be delivered.
    private(set) var isOver = false
    private var reasonAfterEnd = DropReason.shutdown
    /// The queue turned a span away, and nothing was settled since.
    var isFull = false
    /// When the spool is tried again, after it failed.
    var spoolAgain: SessionInstant?
    /// Spans that went to the queue since it failed.
    var spansPastSpool = 0
    var news = SpoolNews()
    /// The driver comes by itself when it is time to sync.
    private(set) var isSyncArmed = false
    /// What was in the spool when it was closed.
    var closedSpool = DeliveryReport()
    /// The driver is on its way to look at the queue.
    private var isDriverComing = false
    /// The session would take a batch now.
    private var wantsBatch = false
    /// The same of a batch that is read from the spool, and none is being read.
    private(set) var wantsRead = false
    /// The spool's directory was not given free yet.
    private(set) var hasOpenSpool = false
    /// When the driver comes by itself for the sake of an open batch; `nil` for not at all.
    private var driverDeadline: SessionInstant?
    /// Why there is no connection; `nil` while there is one.
    var connectionFault: String? = "no collector has answered yet"
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    private var lastTicket: UInt64 = 0

    init(limits: SpanQueueLimits, spool: consuming SpanSpool? = nil) {
        queue = SpanQueue(limits: limits)
        self.spool = spool
        hasOpenSpool = self.spool != nil
    }

    /// Another client may have the spool's directory.
    mutating func spoolIsClosed() { hasOpenSpool = false }

    /// Whether offering a span again is worth a try.
    var hasRoom: Bool { !isFull }

    /// For a waiter.
    mutating func nextTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    /// Takes an encoded span into the queue if there is room.
    ///
    /// - Parameters:
    ///   - span: what it was encoded into.
    ///   - countsFull: a span without room is dropped and counted.
    ///   - countsClosed: the same of one that comes after the shutdown.
    /// - Returns: what became of it, whether the driver has to be woken, and whether the spool has something to write.
    mutating func offer(
        _ span: borrowing WireWriter, _ origin: EncodedOrigin, countsFull: Bool, countsClosed: Bool = true,
        now: @autoclosure () -> SessionInstant
    ) -> (SpanClient.Offer, wakes: Bool, works: Bool) {
        if isClosed, !countsClosed, reasonAfterEnd == .shutdown { return (.closed, wakes: false, works: false) }
        let hasSpool = spool != nil
        let (offer, wakes) = take(span, origin, hasSpool: hasSpool, countsFull: countsFull, now: now())
        return (offer, wakes, works: hasSpool && look { $0.hasWork } ?? false)
    }

    @inline(__always)
    private mutating func take(
        _ span: borrowing WireWriter, _ origin: EncodedOrigin, hasSpool: Bool, countsFull: Bool,
        now: @autoclosure () -> SessionInstant
    ) -> (SpanClient.Offer, wakes: Bool) {
        if isClosed || isOver && !hasSpool {
            queue.drop(isOver ? reasonAfterEnd : .shutdown)
            return (.dropped, wakes: false)
        }
        if hasSpool, let offer = offerToSpool(span, origin, countsFull: countsFull, now: now()) {
            return (offer, wakes: needsDriver())
        }
        if isOver {
            queue.drop(reasonAfterEnd)
            return (.dropped, wakes: false)
        }
        switch queue.append(span.bytes, origin: origin, waits: !countsFull, now: now()) {
        case .taken, .batchReady: return (.taken, wakes: needsDriver())
        case .tooLarge: return (.dropped, wakes: needsDriver())
        case .full:
            isFull = true
            if countsFull { queue.drop(.queueFull) }
            return (countsFull ? .dropped : .full, wakes: needsDriver())
        }
    }

    /// Whether there is something for the driver to do that it does not come for by itself.
    private mutating func needsDriver() -> Bool {
        guard isStarted, !isOver, !isDriverComing else { return false }
        let needsSpoolCare = needsSpoolCare
        guard needsSpoolCare || wantsBatch else { return false }
        if !needsSpoolCare, !hasClosedBatch {
            if let due = batchDeadline {
                if let driverDeadline, driverDeadline <= due { return false }
            } else if !hasDropsAlone {
                return false
            }
        }
        isDriverComing = true
        return true
    }

    /// Spans were given up, and nothing is on its way that their count could go with.
    private var hasDropsAlone: Bool {
        guard queue.hasDropped || look({ $0.hasDropped }) ?? false else { return false }
        return queue.queuedSpans == 0 && look { $0.heldSpans == 0 } ?? true
    }

    /// The driver has come and looks at the queue.
    mutating func driverCame() { isDriverComing = false }

    /// The driver goes, and says whether a batch would be welcome.
    ///
    /// - Parameter isReading: one is being read from the spool; when that is done, the driver comes by itself.
    /// - Returns: when it has to come back for the queue's sake, `nil` for not at all; at once for a batch that was closed
    ///   since it looked, by a caller who could not yet know that it is welcome.
    mutating func driverGoes(wantsBatch: Bool, isReading: Bool = false, now: SessionInstant) -> SessionInstant? {
        self.wantsBatch = wantsBatch
        wantsRead = wantsBatch && !isReading
        driverDeadline = !wantsBatch ? nil : hasBatch(now: now) || hasDropsAlone ? now : batchDeadline
        let syncDeadline = syncDeadline
        isSyncArmed = syncDeadline != nil
        return [driverDeadline, syncDeadline].compactMap(\.self).min()
    }

    /// A receipt of the session: stored or given up.
    ///
    /// - Returns: whether the spans, though the session gave them back, stay in the spool.
    mutating func settle(_ receipt: BatchReceipt) -> Bool {
        isFull = false
        if receipt.ordinal >= SpanSpool.firstOrdinal {
            if receipt.dropReason == .shutdown || receipt.dropReason == .refused { return true }
            spool?.settle(receipt)
        } else {
            queue.settle(receipt)
            if let reason = receipt.dropReason {
                spool?.recordDropped([DropCount(reason: reason.rawValue, spans: UInt64(clamping: receipt.spans))])
            }
        }
        return false
    }

    /// What was given up here since the last call, to be told to the collector.
    mutating func takeDropped() -> [DropCount] {
        let dropped = queue.takeDropped()
        guard spool != nil else { return dropped }
        spool?.recordDropped(dropped)
        return dropped + (spool?.takeDropped() ?? [])
    }

    /// What was given up since the session ended; nothing before that, for then the driver takes it.
    mutating func takeLateDrops() -> [DropCount] { isOver ? takeDropped() : [] }

    /// Nothing more is delivered; what the queue still holds is given up.
    ///
    /// - Returns: what was given up and not counted by receipts, by reason.
    @discardableResult
    mutating func end(_ reason: DropReason) -> Int {
        isOver = true
        // Refused, a client goes on to fill its spool for the next one.
        if spool == nil || reason != .refused { isClosed = true }
        reasonAfterEnd = reason
        let before = queue.report.droppedSpans
        queue.abandon(reason)
        let left = queue.report.droppedSpans - before
        spool?.recordDropped(queue.takeDropped())
        if left > 0 { spool?.recordDropped([DropCount(reason: reason.rawValue, spans: UInt64(left))]) }
        return left
    }
}
