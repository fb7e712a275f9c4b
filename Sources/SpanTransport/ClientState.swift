import ProtoWire
import SpanModel
import SpanSession

/// What the callers of a client and its driver share, behind one lock.
struct ClientState: ~Copyable {
    var queue: SpanQueue
    var isStarted = false
    /// No more spans are taken.
    var isClosed = false
    /// The session has ended: nothing more will be delivered.
    private(set) var isOver = false
    private var reasonAfterEnd = DropReason.shutdown
    /// The queue turned a span away, and nothing was settled since.
    private var isFull = false
    /// The driver is on its way to look at the queue.
    private var isDriverComing = false
    /// The session would take a batch now.
    private var wantsBatch = false
    /// When the driver comes by itself for the sake of an open batch; `nil` for not at all.
    private var driverDeadline: SessionInstant?
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    private var lastTicket: UInt64 = 0

    init(limits: SpanQueueLimits) { queue = SpanQueue(limits: limits) }

    /// Whether offering a span again is worth a try.
    var hasRoom: Bool { !isFull }

    mutating func addWaiter(_ continuation: CheckedContinuation<Void, Never>) -> UInt64 {
        lastTicket += 1
        waiters[lastTicket] = continuation
        return lastTicket
    }

    /// Takes an encoded span into the queue if there is room.
    ///
    /// - Parameters:
    ///   - span: what it was encoded into.
    ///   - countsFull: a span without room is dropped and counted.
    /// - Returns: what became of it, and whether the driver has to be woken.
    mutating func offer(
        _ span: borrowing WireWriter, _ origin: EncodedOrigin, countsFull: Bool,
        now: @autoclosure () -> SessionInstant
    ) -> (SpanClient.Offer, wakes: Bool) {
        if isClosed {
            queue.drop(isOver ? reasonAfterEnd : .shutdown)
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
        guard isStarted, wantsBatch, !isDriverComing else { return false }
        if !queue.hasClosedBatch {
            guard let due = queue.nextDeadline else { return false }
            if let driverDeadline, driverDeadline <= due { return false }
        }
        isDriverComing = true
        return true
    }

    /// The driver has come and looks at the queue.
    mutating func driverCame() { isDriverComing = false }

    /// The driver goes, and says whether a batch would be welcome.
    ///
    /// - Returns: when it has to come back for the queue's sake, `nil` for not at all; at once for a batch that was closed
    ///   since it looked, by a caller who could not yet know that it is welcome.
    mutating func driverGoes(wantsBatch: Bool, now: SessionInstant) -> SessionInstant? {
        self.wantsBatch = wantsBatch
        driverDeadline = !wantsBatch ? nil : queue.hasBatch(now: now) ? now : queue.nextDeadline
        return driverDeadline
    }

    /// A receipt of the session: stored or given up.
    mutating func settle(_ receipt: BatchReceipt) {
        queue.settle(receipt)
        isFull = false
    }

    /// Nothing more is delivered; what the queue still holds is given up.
    ///
    /// - Returns: what was given up and not counted by receipts, by reason.
    @discardableResult
    mutating func end(_ reason: DropReason) -> Int {
        isOver = true
        isClosed = true
        reasonAfterEnd = reason
        let before = queue.report.droppedSpans
        queue.abandon(reason)
        return queue.report.droppedSpans - before
    }
}
