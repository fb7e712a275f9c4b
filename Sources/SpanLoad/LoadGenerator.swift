import Histogram
import Logging
import SpanModel
import SpanSession
import SpanTransport
import Synchronization

/// Puts load on a collector: senders as a service would have them, through the library's own client, queue and all.
///
/// ```swift
/// let generator = LoadGenerator(
///     plan: LoadPlan(client: SpanClientConfiguration(port: port)), logger: logger)
/// let result = try await generator.run { print($0.spansPerSecond) }
/// print(result.spansPerSecond, result.ackNanoseconds.valueAtPercentile(99))
/// ```
public final class LoadGenerator: Sendable {
    /// The load that is to be put on the collector.
    public let plan: LoadPlan
    private let shape: @Sendable (Int) -> LoadSpans
    private let logger: Logger
    private let senders = Mutex<[LoadSender]>([])
    private let isStopped = Atomic(false)
    /// Senders that still hand spans over.
    private let running = Atomic(0)

    /// - Parameter spans: makes the spans of the sender with this number, 0 … ; called once for each.
    public init(plan: LoadPlan, logger: Logger, spans: @escaping @Sendable (Int) -> LoadSpans) {
        self.plan = plan
        self.logger = logger
        shape = spans
    }

    /// Spans of a built-in shape.
    public convenience init(
        plan: LoadPlan, shape: LoadShape = .medium, seed: UInt64 = .random(in: 0 ... .max), logger: Logger
    ) {
        // Each sender changes its patterns in place; many senders share out the memory of a few.
        let patterns = min(8192, max(64, 32_768 / max(plan.connections, 1)))
        self.init(plan: plan, logger: logger) { shape.spans(sender: $0, patterns: patterns, seed: seed) }
    }

    /// Ends the load before its time; `run` still returns what was measured.
    public func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Loads the collector for the plan's warm-up and duration, then delivers what is under way and says goodbye. A task that
    /// is cancelled stops it.
    ///
    /// - Parameters:
    ///   - measuring: called when measuring begins (`true`) and when it ends (`false`).
    ///   - progress: called each second.
    /// - Throws: `TransportError` for a plan that makes no sense.
    public func run(
        measuring: @escaping @Sendable (Bool) -> Void = { _ in },
        progress: @escaping @Sendable (LoadProgress) -> Void = { _ in }
    ) async throws -> LoadResult {
        var made: [LoadSender] = []
        for number in 0..<plan.connections {
            made.append(try LoadSender(number: number, plan: plan, spans: shape(number), logger: logger))
        }
        let all = made
        senders.withLock { $0 = all }
        running.store(all.count, ordering: .relaxed)
        return await withTaskCancellationHandler {
            await load(all, measuring, progress)
        } onCancel: {
            stop()
        }
    }

    private func load(
        _ all: [LoadSender], _ measuring: @escaping @Sendable (Bool) -> Void,
        _ progress: @escaping @Sendable (LoadProgress) -> Void
    ) async -> LoadResult {
        await withTaskGroup(of: LoadMeasurement?.self) { group in
            for sender in all {
                group.addTask {
                    await sender.run(isStopped: self.isStopped)
                    if self.running.wrappingSubtract(1, ordering: .relaxed).newValue == 0 { await self.settle(all) }
                    return nil
                }
            }
            group.addTask { await self.measure(all, measuring, progress) }
            var measurement = LoadMeasurement()
            for await part in group { if let part { measurement = part } }
            let reports = await self.shutDown(all)
            return LoadResult(measurement, senders: all, reports: reports)
        }
    }

    /// Ends a load of which all spans are handed over when all are acknowledged, or when its time is over.
    private func settle(_ senders: [LoadSender]) async {
        while !isStopped.load(ordering: .relaxed), senders.contains(where: { $0.client.report.pendingSpans > 0 }) {
            for sender in senders { _ = await sender.client.flush(within: .milliseconds(200)) }
        }
        stop()
    }

    /// Waits for the warm-up, takes the state of things, waits for the duration, takes it again, and ends the load.
    private func measure(
        _ senders: [LoadSender], _ measuring: @Sendable (Bool) -> Void, _ progress: @Sendable (LoadProgress) -> Void
    ) async -> LoadMeasurement {
        await sleep(plan.warmUp)
        for sender in senders { sender.beginMeasuring() }
        measuring(true)
        let start = LoadSnapshot(senders)
        var last = start
        var rates: [Double] = []
        while !isStopped.load(ordering: .relaxed) {
            let left = plan.duration - start.moment.duration(to: .now)
            guard left > .zero else { break }
            await sleep(min(left, .seconds(1)))
            let now = LoadSnapshot(senders)
            let second = LoadProgress(from: last, to: now, elapsed: start.moment.duration(to: now.moment))
            progress(second)
            rates.append(second.spansPerSecond)
            last = now
        }
        let end = LoadSnapshot(senders)
        measuring(false)
        for sender in senders { sender.endMeasuring() }
        stop()
        return LoadMeasurement(start: start, end: end, rates: rates)
    }

    private func sleep(_ duration: Duration) async {
        let deadline = ContinuousClock.now.advanced(by: duration)
        while !isStopped.load(ordering: .relaxed), ContinuousClock.now < deadline {
            let left = ContinuousClock.now.duration(to: deadline)
            try? await Task.sleep(for: min(left, .milliseconds(100)))
        }
    }

    private func shutDown(_ senders: [LoadSender]) async -> [DeliveryReport] {
        await withTaskGroup(of: DeliveryReport.self) { group in
            for sender in senders { group.addTask { await sender.client.shutdown(within: self.plan.finish) } }
            var reports: [DeliveryReport] = []
            for await report in group { reports.append(report) }
            return reports
        }
    }
}
