import ProtoWire
import SpanModel
import SpanSession
import SpanSpool

/// The state that the callers of a client and its driver share, behind one lock.
struct ClientState: ~Copyable {
    /// The life of a client.
    enum Phase: Sendable {
        /// Spans are taken and wait; `start` was not called.
        case fresh
        /// A driver delivers.
        case started
        /// `shutdown` was called: no more spans are taken, and a driver delivers what is left.
        case closing
        /// The collector refused the client for good: spans go to the spool alone, for the next client.
        case spooling
        /// Nothing more is taken or delivered, and this is why.
        case over(DropReason)
    }

    /// The health of the spool, while there is one.
    enum SpoolHealth: Sendable {
        /// Spans are appended.
        case works
        /// Appending failed: spans go to the queue, of which so many went, and the spool is tried again at that moment.
        case failing(again: SessionInstant, spansPast: Int)
    }

    /// The end of a spool.
    enum SpoolEnd: Sendable {
        /// The spool is open, or there is none.
        case ahead
        /// The spool is closed, with so much in it; its directory is not given free yet.
        case closed(DeliveryReport)
        /// Another client may have the spool's directory.
        case released(DeliveryReport)
    }

    private(set) var phase = Phase.fresh
    var queue: SpanQueue
    /// The spool, which spans go to first; while it fails they go to the queue. `nil` without one.
    var spool: SpanSpool?
    var spoolHealth = SpoolHealth.works
    var spoolEnd = SpoolEnd.ahead
    var news = SpoolNews()
    var recordWriter = WireAppender(capacity: 4096)
    /// The driver's, for what is counted after its end.
    var metrics: ClientMetrics?
    /// Whether the queue turned a span away, and nothing was settled since.
    var isFull = false
    var driver = DriverPlan.absent
    /// The reason for which there is no connection; `nil` while there is one.
    var connectionFault: String? = "no collector has answered yet"
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    private var lastTicket: UInt64 = 0

    init(limits: SpanQueueLimits, spool: consuming SpanSpool? = nil) {
        queue = SpanQueue(limits: limits)
        self.spool = spool
    }

    /// Whether no more spans are taken.
    var isClosed: Bool {
        switch phase {
        case .fresh, .started, .spooling: false
        case .closing, .over: true
        }
    }

    /// Whether the session has ended: nothing more will be delivered.
    var isOver: Bool {
        switch phase {
        case .fresh, .started, .closing: false
        case .spooling, .over: true
        }
    }

    /// The reason for which spans are dropped that come after the end.
    private var reasonAfterEnd: DropReason {
        switch phase {
        case .fresh, .started, .closing: .shutdown
        case .spooling: .refused
        case .over(let reason): reason
        }
    }

    /// Whether offering a span again is worth a try.
    var hasRoom: Bool { !isFull }

    /// Begins to deliver.
    ///
    /// - Returns: `false` when that was done before, or the client is shut down.
    mutating func start() -> Bool {
        guard case .fresh = phase else { return false }
        phase = .started
        return true
    }

    /// Takes no more spans.
    ///
    /// - Returns: whether there is a driver, which delivers what is left.
    mutating func close() -> Bool {
        switch phase {
        case .fresh:
            end(.shutdown)
            return false
        case .started, .closing:
            phase = .closing
            return true
        case .spooling:
            phase = .over(.refused)
            return false
        case .over: return false
        }
    }

    /// Gives up what the queue still holds; nothing more is delivered.
    ///
    /// - Returns: what was given up and not counted by receipts, by reason.
    @discardableResult
    mutating func end(_ reason: DropReason) -> Int {
        // Refused, a client goes on to fill its spool for the next one.
        phase = reason == .refused && spool != nil && !isClosed ? .spooling : .over(reason)
        driver = .absent
        let before = queue.report.droppedSpans
        queue.abandon(reason)
        let left = queue.report.droppedSpans - before
        spool?.recordDropped(queue.takeDropped())
        if left > 0 { spool?.recordDropped([DropCount(reason: reason.rawValue, spans: UInt64(left))]) }
        return left
    }

    /// The number of the next waiter.
    mutating func nextTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    /// Takes an encoded span into the queue if there is room.
    ///
    /// - Parameters:
    ///   - span: what it was encoded into.
    ///   - countsFull: a span without room is dropped and counted.
    ///   - countsClosed: a span that comes after the shutdown is dropped and counted.
    /// - Returns: what became of it, whether the driver has to be woken, and whether the spool has something to write.
    mutating func offer(
        _ span: borrowing WireWriter, _ origin: EncodedOrigin, countsFull: Bool, countsClosed: Bool = true,
        now: @autoclosure () -> SessionInstant
    ) -> (SpanOffer, wakes: Bool, works: Bool) {
        if isClosed, !countsClosed, reasonAfterEnd == .shutdown { return (.closed, wakes: false, works: false) }
        let hasSpool = spool != nil
        let (offer, wakes) = take(span, origin, hasSpool: hasSpool, countsFull: countsFull, now: now())
        return (offer, wakes, works: hasSpool && look { $0.hasWork } ?? false)
    }

    @inline(__always)
    private mutating func take(
        _ span: borrowing WireWriter, _ origin: EncodedOrigin, hasSpool: Bool, countsFull: Bool,
        now: @autoclosure () -> SessionInstant
    ) -> (SpanOffer, wakes: Bool) {
        if isClosed || isOver && !hasSpool {
            queue.drop(reasonAfterEnd)
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

    /// Counts a receipt of the session: stored or given up.
    ///
    /// - Returns: whether the spans, though the session gave them back, stay in the spool.
    mutating func settle(_ receipt: BatchReceipt) -> Bool {
        isFull = false
        switch receipt.source {
        case .spool:
            if receipt.dropReason == .shutdown || receipt.dropReason == .refused { return true }
            spool?.settle(receipt)
        case .queue:
            queue.settle(receipt)
            if let reason = receipt.dropReason {
                spool?.recordDropped([DropCount(reason: reason.rawValue, spans: UInt64(clamping: receipt.spans))])
            }
        }
        return false
    }

    /// Takes out the counts of what was given up since the last call, to be told to the collector.
    mutating func takeDropped() -> [DropCount] {
        let dropped = queue.takeDropped()
        guard spool != nil else { return dropped }
        spool?.recordDropped(dropped)
        return dropped + (spool?.takeDropped() ?? [])
    }

    /// Takes out the counts of what was given up since the session ended; none before that, for then the driver takes
    /// them.
    mutating func takeLateDrops() -> [DropCount] { isOver ? takeDropped() : [] }
}
