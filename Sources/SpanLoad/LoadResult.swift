import Histogram
import SpanModel
import SpanSession

/// Latencies in nanoseconds, three digits, up to 10 minutes.
public typealias LoadHistogram = Histogram<UInt32>

enum LoadLatencies {
    static func makeHistogram(lowest: UInt64 = 1000) -> LoadHistogram {
        LoadHistogram(
            lowestDiscernibleValue: lowest, highestTrackableValue: 600_000_000_000,
            numberOfSignificantValueDigits: .three
        )
    }
}

/// The state of a load at one moment.
struct LoadSnapshot: Sendable {
    var moment = ContinuousClock.now
    var storedSpans: UInt64 = 0
    var batches: UInt64 = 0
    var wireBytes: UInt64 = 0
    var user = 0.0
    var system = 0.0

    init() {}

    init(_ senders: [LoadSender]) {
        for sender in senders {
            let counts = sender.counts
            storedSpans += counts.storedSpans
            batches += counts.batches
            wireBytes += counts.wireBytes
        }
        (user, system) = LoadClock.processorSeconds()
    }
}

/// The progress between two moments of a load.
struct LoadMeasurement: Sendable {
    var start = LoadSnapshot()
    var end = LoadSnapshot()
    /// Spans acknowledged per second, in each second.
    var rates: [Double] = []
}

/// The progress of the last second.
public struct LoadProgress: Sendable {
    /// The time since measuring began.
    public let elapsed: Duration
    /// Spans acknowledged.
    public let spansPerSecond: Double
    /// Frames of batches that were acknowledged, as they were written.
    public let wireBytesPerSecond: Double

    init(from last: LoadSnapshot, to now: LoadSnapshot, elapsed: Duration) {
        let seconds = max(last.moment.duration(to: now.moment).inSeconds, 1e-9)
        self.elapsed = elapsed
        spansPerSecond = Double(now.storedSpans - last.storedSpans) / seconds
        wireBytesPerSecond = Double(now.wireBytes - last.wireBytes) / seconds
    }
}

/// The result of a load. Figures per second and per span are of the measured time; the counts of spans are of the whole
/// run, so that they add up.
public struct LoadResult: Sendable {
    /// The time that was measured.
    public let seconds: Double
    /// Spans acknowledged in that time.
    public let measuredSpans: UInt64
    /// Spans acknowledged per second, in each second of it; the last one may be shorter.
    public let rates: [Double]
    /// Batches written in that time.
    public let measuredBatches: UInt64
    /// Bytes of the frames of the spans acknowledged in that time.
    public let measuredWireBytes: UInt64
    /// Processor time of this process in that time, in seconds: the senders', and the collector's if it runs here too.
    public let processorSeconds: (user: Double, system: Double)
    /// The time from the writing of a batch to its ack, in nanoseconds.
    public let ackNanoseconds: LoadHistogram
    /// The time from when a span was due to the ack of its batch, in nanoseconds; empty without a rate.
    public let deliveryNanoseconds: LoadHistogram
    /// The time that a span's hand-over to the queue took on the thread that had it, in nanoseconds, as the mean of
    /// some in a row; the making of the span is part of it.
    public let handOverNanoseconds: LoadHistogram
    /// The fate of all spans that were handed over.
    public let report: DeliveryReport

    init(_ measurement: LoadMeasurement, senders: [LoadSender], reports: [DeliveryReport]) {
        let (start, end) = (measurement.start, measurement.end)
        seconds = max(start.moment.duration(to: end.moment).inSeconds, 1e-9)
        measuredSpans = end.storedSpans - start.storedSpans
        rates = measurement.rates
        measuredBatches = end.batches - start.batches
        measuredWireBytes = end.wireBytes - start.wireBytes
        processorSeconds = (end.user - start.user, end.system - start.system)
        var ack = LoadLatencies.makeHistogram()
        var delivery = LoadLatencies.makeHistogram()
        var handOver = LoadLatencies.makeHistogram(lowest: 1)
        for sender in senders {
            let latencies = sender.latencies
            ack.add(latencies.ack)
            delivery.add(latencies.delivery)
            handOver.add(latencies.handOver)
        }
        ackNanoseconds = ack
        deliveryNanoseconds = delivery
        handOverNanoseconds = handOver
        report = reports.reduce(into: DeliveryReport()) { $0.add($1) }
    }

    /// Spans acknowledged per second.
    public var spansPerSecond: Double { Double(measuredSpans) / seconds }

    /// Bytes on the wire per span, heads of frames included.
    public var bytesPerSpan: Double { Double(measuredWireBytes) / Double(max(measuredSpans, 1)) }

    /// Processor seconds of this process per million spans.
    public var processorSecondsPerMillionSpans: Double {
        (processorSeconds.user + processorSeconds.system) / Double(max(measuredSpans, 1)) * 1e6
    }
}

extension DeliveryReport {
    fileprivate mutating func add(_ other: DeliveryReport) {
        storedSpans += other.storedSpans
        rejectedSpans += other.rejectedSpans
        pendingSpans += other.pendingSpans
        if rejectionReason.isEmpty { rejectionReason = other.rejectionReason }
        for drop in other.dropped {
            if let index = dropped.firstIndex(where: { $0.reason == drop.reason }) {
                dropped[index].spans += drop.spans
            } else {
                dropped.append(drop)
            }
        }
    }
}
