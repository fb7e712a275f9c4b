import Histogram
import Logging
import SpanModel
import SpanSession
import SpanTransport
import Synchronization

/// One connection's part of the load.
final class LoadSender: Sendable {
    /// The counts of a sender, on its event loop.
    struct Counts: Sendable {
        var storedSpans: UInt64 = 0
        var batches: UInt64 = 0
        /// Frames of batches that were acknowledged, heads included.
        var wireBytes: UInt64 = 0
    }

    fileprivate struct State {
        var counts = Counts()
        /// Bytes of the frames of batches that were written on this connection and not acknowledged, the oldest first.
        var unacknowledged: [UInt64] = []
        /// Spans that are settled, in the order in which they were handed over.
        var settledSpans: UInt64 = 0
        var isMeasuring = false
        var ack = LoadLatencies.makeHistogram()
        var delivery = LoadLatencies.makeHistogram()
        var handOver = LoadLatencies.makeHistogram(lowest: 1)
        /// The moment at which the first span was due; with the rate it tells when any was.
        var start: ContinuousClock.Instant?
    }

    let client: SpanClient
    private let reporter: SpanReporter
    private let spans: Mutex<LoadSpans>
    private let state: Observed
    /// Spans per second; `nil` for as many as are taken.
    private let rate: Double?
    private let waits: Bool
    private let number: Int
    /// The time at which spans ended; `nil` for when they are handed over.
    private let times: LoadTimes?
    /// The number of spans that it hands over; `nil` for as many as there is time for.
    private let quota: Int?
    private let handed = Atomic(0)

    private final class Observed: Sendable {
        let state = Mutex(State())
    }

    init(number: Int, plan: LoadPlan, spans: LoadSpans, logger: Logger) throws {
        let observed = Observed()
        let rate = plan.rate.map { $0 / Double(plan.connections) }
        var configuration = plan.client
        configuration.senderID = .random()
        configuration.queue = SpanQueueLimits(
            maxQueuedBytes: 1 << 30,
            maxQueuedSpans: plan.queueSpans ?? (rate == nil ? max(plan.batchSpans * 16, 8192) : 1 << 22),
            maxBatchSpans: plan.batchSpans, maxBatchBytes: 16 << 20,
            whenFull: plan.whenFull == .dropOldest ? .dropOldest : .dropNewest)
        configuration.frameObserver = { frame in
            observed.state.withLock { $0.written(frame) }
        }
        configuration.receiptObserver = { receipt in
            observed.state.withLock { $0.settle(receipt, rate: rate) }
        }
        client = try SpanClient(configuration: configuration, resource: spans.resource, logger: logger)
        reporter = client.reporter(for: InstrumentationScope(name: "spanwire.load", version: "1"))
        self.spans = Mutex(spans)
        state = observed
        self.rate = rate
        waits = plan.whenFull == .wait
        self.number = number
        quota = plan.total.map { $0 / plan.connections + (number < $0 % plan.connections ? 1 : 0) }
        times = LoadTimes(spread: plan.spread, count: quota)
    }

    var counts: Counts { state.state.withLock { $0.counts } }

    func beginMeasuring() { state.state.withLock { $0.isMeasuring = true } }

    func endMeasuring() { state.state.withLock { $0.isMeasuring = false } }

    var latencies: (ack: LoadHistogram, delivery: LoadHistogram, handOver: LoadHistogram) {
        state.state.withLock { ($0.ack, $0.delivery, $0.handOver) }
    }

    /// Hands spans over until it is stopped or has done all it has to.
    func run(isStopped: borrowing Atomic<Bool>) async {
        // Thousands do not come at the same instant, in life either.
        try? await Task.sleep(for: .microseconds(500 * number))
        client.start()
        if let rate {
            await run(rate: rate, isStopped: isStopped)
        } else {
            while !isStopped.load(ordering: .relaxed), !isDone {
                if !handOver(256) { await reporter.waitForRoom(upTo: .milliseconds(100)) }
                // Whoever measures has its turn, too, when there is always room.
                await Task.yield()
            }
        }
    }

    private var isDone: Bool { quota.map { handed.load(ordering: .relaxed) >= $0 } ?? false }

    /// Spans are due evenly in time. One that has to wait is late, and what is late is handed over all the same: its
    /// latency counts from when it was due.
    private func run(rate: Double, isStopped: borrowing Atomic<Bool>) async {
        let start = ContinuousClock.now
        state.state.withLock { $0.start = start }
        var handed = 0.0
        while !isStopped.load(ordering: .relaxed), !isDone {
            let due = (start.duration(to: .now).inSeconds * rate).rounded(.down)
            while handed < due, !isStopped.load(ordering: .relaxed) {
                let count = min(Int(due - handed), 256)
                if handOver(count) {
                    handed += Double(count)
                } else {
                    await reporter.waitForRoom(upTo: .milliseconds(100))
                }
                await Task.yield()
            }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    /// - Returns: `false` when there was no room for one; it is handed over later, under other ids.
    private func handOver(_ most: Int) -> Bool {
        let done = handed.load(ordering: .relaxed)
        let count = min(most, quota.map { $0 - done } ?? most)
        let now = WallClock.nowUnixNano()
        let begin = LoadClock.nanoseconds()
        let isWhole = spans.withLock { spans in
            for number in done..<done + count {
                let end = times?.unixNanos(of: number) ?? now
                let isTaken = spans.withNext(endTimeUnixNano: end) { span in
                    if waits { return reporter.offer(span) != .full }
                    reporter.report(span)
                    return true
                }
                if !isTaken { return false }
                handed.wrappingAdd(1, ordering: .relaxed)
            }
            return true
        }
        if isWhole, count >= 16 {
            let each = (LoadClock.nanoseconds() - begin) / UInt64(count)
            state.state.withLock { if $0.isMeasuring { $0.handOver.record(each) } }
        }
        return isWhole
    }
}

extension LoadSender.State {
    fileprivate mutating func written(_ frame: OutgoingFrame) {
        switch frame.head.kind {
        case .hello: unacknowledged = []
        case .batch:
            counts.batches += 1
            unacknowledged.append(UInt64(frame.byteCount))
        default: break
        }
    }

    fileprivate mutating func settle(_ receipt: BatchReceipt, rate: Double?) {
        let first = settledSpans
        settledSpans += UInt64(receipt.spans)
        guard receipt.dropReason == nil else { return }
        counts.storedSpans += UInt64(receipt.spans)
        // Bytes and spans of the same batches: what is under way when measuring begins or ends is in neither.
        if receipt.sentAt != nil, !unacknowledged.isEmpty { counts.wireBytes += unacknowledged.removeFirst() }
        guard isMeasuring else { return }
        if let sentAt = receipt.sentAt { ack.record(LoadClock.nanoseconds() - sentAt.nanoseconds) }
        guard let rate, let start, receipt.spans > 0 else { return }
        // Each batch speaks by a few of its spans, evenly.
        let since = start.duration(to: .now).inSeconds
        let samples = min(receipt.spans, 8)
        for sample in 0..<samples {
            let number = first + UInt64(sample * receipt.spans / samples)
            let late = max(since - Double(number) / rate, 0)
            delivery.record(UInt64(late * 1e9))
        }
    }
}

/// The times at which the spans of a load ended that come from a longer time than it takes.
struct LoadTimes: Sendable {
    private let spread: UInt64
    private let count: UInt64
    private let start: UInt64

    /// `nil` where no time is given, or no number of spans.
    init?(spread: Duration?, count: Int?) {
        guard let spread, let count, count > 0 else { return nil }
        let now = WallClock.nowUnixNano()
        self.spread = min(UInt64(max(spread.inSeconds * 1e9, 0)), now)
        self.count = UInt64(count)
        start = now - self.spread
    }

    /// - Parameter number: of the span, 0 … .
    func unixNanos(of number: Int) -> UInt64 {
        start + count.dividingFullWidth(spread.multipliedFullWidth(by: min(UInt64(number), count))).quotient
    }
}
