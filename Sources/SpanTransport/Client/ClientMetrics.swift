import Metrics
import SpanSession
import Synchronization

/// A client's counters and gauges; docs/spool.md lists them.
final class ClientMetrics: Sendable {
    /// The levels of a client's queue and spool.
    struct Levels: Sendable {
        var queuedSpans = 0
        var queuedBytes = 0
        var spooledSpans = 0
        var spooledBytes = 0
        /// Spans sent without their resource since the client was made.
        var spansWithoutResource = 0
        var uncountedLosses = 0
    }

    let stored: Counter
    let rejected: Counter
    let spoolFailures: Counter
    /// The time from the sending of a batch to its ack.
    let ack: Timer
    private let queuedSpans: Gauge
    private let queuedBytes: Gauge
    private let spooledSpans: Gauge
    private let spooledBytes: Gauge
    private let withoutResource: Counter
    private let uncountedLosses: Counter
    /// The totals that both counters have reached.
    private let counted = Mutex((withoutResource: 0, uncountedLosses: 0))
    private let factory: any MetricsFactory
    private let droppedByReason = Mutex<[DropReason: Counter]>([:])

    /// - Parameter factory: `nil` for the process's.
    init(_ factory: (any MetricsFactory)?) {
        let factory = factory ?? MetricsSystem.factory
        self.factory = factory
        stored = Counter(label: "spanwire.client.spans.stored", factory: factory)
        rejected = Counter(label: "spanwire.client.spans.rejected", factory: factory)
        spoolFailures = Counter(label: "spanwire.client.spool.failures", factory: factory)
        ack = Timer(label: "spanwire.client.ack.duration", factory: factory)
        queuedSpans = Gauge(label: "spanwire.client.queue.spans", factory: factory)
        queuedBytes = Gauge(label: "spanwire.client.queue.bytes", factory: factory)
        spooledSpans = Gauge(label: "spanwire.client.spool.spans", factory: factory)
        spooledBytes = Gauge(label: "spanwire.client.spool.bytes", factory: factory)
        withoutResource = Counter(label: "spanwire.client.spool.spans_without_resource", factory: factory)
        uncountedLosses = Counter(label: "spanwire.client.spool.uncounted_losses", factory: factory)
    }

    /// `spanwire.client.spans.dropped` with the dimension `reason`.
    func dropped(_ reason: DropReason) -> Counter {
        droppedByReason.withLock { counters in
            if let known = counters[reason] { return known }
            let counter = Counter(
                label: "spanwire.client.spans.dropped", dimensions: [("reason", reason.rawValue)], factory: factory)
            counters[reason] = counter
            return counter
        }
    }

    func record(_ levels: Levels) {
        queuedSpans.record(levels.queuedSpans)
        queuedBytes.record(levels.queuedBytes)
        spooledSpans.record(levels.spooledSpans)
        spooledBytes.record(levels.spooledBytes)
        let new = counted.withLock { counted in
            let new = (
                levels.spansWithoutResource - counted.withoutResource, levels.uncountedLosses - counted.uncountedLosses
            )
            counted = (
                max(levels.spansWithoutResource, counted.withoutResource),
                max(levels.uncountedLosses, counted.uncountedLosses)
            )
            return new
        }
        if new.0 > 0 { withoutResource.increment(by: new.0) }
        if new.1 > 0 { uncountedLosses.increment(by: new.1) }
    }
}
