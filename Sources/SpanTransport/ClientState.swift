import ProtoWire
import SpanModel
import SpanSession

/// What the callers of a client and its driver share, behind one lock.
struct ClientState: ~Copyable {
    var queue: SpanQueue
    private var writer = WireWriter(capacity: 4096)
    private var delivery = DeliveryReport()
    var isStarted = false
    /// No more spans are taken.
    var isClosed = false
    /// The session has ended: nothing more will be delivered.
    private(set) var isOver = false
    private var reasonAfterEnd = DropReason.shutdown
    /// The queue turned a span away, and nothing was settled since.
    private var isFull = false
    /// Until when the driver sleeps; `nil` when it has to be woken for a batch's delay.
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

    /// Takes a span into the queue if there is room.
    ///
    /// - Returns: what became of it, and whether the driver has to be woken.
    mutating func offer(
        _ span: SpanRecord, _ origin: SpanOrigin, countsFull: Bool, now: SessionInstant
    ) -> (SpanClient.Offer, wakes: Bool) {
        if isClosed || isOver {
            delivery.reported += 1
            delivery.dropped[isOver ? reasonAfterEnd : .shutdown, default: 0] += 1
            if !isOver { queue.drop(.shutdown) }
            return (.dropped, false)
        }
        writer.reset()
        span.encode(to: &writer)
        let outcome = Self.append(writer, to: &queue, origin, now)
        switch outcome {
        case .taken, .batchReady:
            delivery.reported += 1
            let wakes = outcome == .batchReady || needsWake()
            return (.taken, wakes)
        case .full:
            isFull = true
            guard countsFull else { return (.full, false) }
            delivery.reported += 1
            delivery.dropped[.queueFull, default: 0] += 1
            queue.drop(.queueFull)
            return (.dropped, false)
        case .tooLarge:
            delivery.reported += 1
            delivery.dropped[.spanTooLarge, default: 0] += 1
            return (.dropped, needsWake())
        }
    }

    /// Apart, so that the compiler sees two properties and not the whole of `self` twice.
    private static func append(
        _ writer: borrowing WireWriter, to queue: inout SpanQueue, _ origin: SpanOrigin, _ now: SessionInstant
    ) -> SpanQueue.Outcome {
        queue.append(writer.bytes, origin: origin, now: now)
    }

    /// Whether the driver sleeps for longer than a batch may wait.
    private mutating func needsWake() -> Bool {
        guard isStarted, let due = queue.nextDeadline else { return false }
        if let driverDeadline, driverDeadline <= due { return false }
        driverDeadline = due
        return true
    }

    /// The driver says until when it sleeps.
    mutating func driverSleeps(until deadline: SessionInstant?) { driverDeadline = deadline }

    /// A receipt of the session: stored or given up.
    mutating func settle(_ receipt: BatchReceipt) {
        queue.settle(receipt)
        isFull = false
        if let reason = receipt.dropReason {
            delivery.dropped[reason, default: 0] += UInt64(receipt.spans)
        } else {
            delivery.stored += UInt64(receipt.spans)
        }
    }

    /// The collector took that many of the spans counted as stored not.
    mutating func rejected(_ count: Int64, _ reason: String) {
        let spans = min(UInt64(clamping: count), delivery.stored)
        delivery.stored -= spans
        delivery.rejected += spans
        if spans > 0, delivery.rejectionReason.isEmpty { delivery.rejectionReason = reason }
    }

    /// Nothing more is delivered; what the queue still holds is given up.
    ///
    /// - Returns: how many spans that were.
    @discardableResult
    mutating func end(_ reason: DropReason) -> UInt64 {
        isOver = true
        isClosed = true
        reasonAfterEnd = reason
        let left = report().pending
        if left > 0 { delivery.dropped[reason, default: 0] += left }
        return left
    }

    func report() -> DeliveryReport {
        var report = delivery
        report.pending = report.reported - report.stored - report.rejected - report.droppedTotal
        return report
    }
}
