import Logging
import ProtoWire
import SpanModel
import SpanSession
import SpanStorageTesting
import SpanTransport
import Synchronization

/// Sends a load through the client of services: several senders at once, all reports in random order.
struct Sending: Sendable {
    let load: ReportLoad
    let port: Int

    /// The id of a sender, by its number.
    static func senderID(_ number: Int, seed: UInt64) -> SenderID { SenderID(high: seed | 1, low: UInt64(number)) }

    /// What is counted while senders are at work.
    private final class Progress: Sendable {
        private struct Counts {
            var acknowledged = 0
            var said = 0
            var framesSent = 0
            var batchesSettled = 0
        }
        private let counts = Mutex(Counts())
        /// So that it is said a few hundred times how many reports are acknowledged.
        private let step: Int

        init(total: Int) { step = max(total / 400, 1) }

        func sent(_ frame: OutgoingFrame) {
            if frame.head.kind == .batch { counts.withLock { $0.framesSent += 1 } }
        }

        func settled(_ receipt: BatchReceipt) {
            counts.withLock { counts in
                counts.batchesSettled += 1
                guard receipt.dropReason == nil else { return }
                counts.acknowledged += receipt.spans
                guard counts.acknowledged - counts.said >= step else { return }
                counts.said = counts.acknowledged
                say("acknowledged \(counts.acknowledged)")
            }
        }

        /// Batches written, and how many of them were written again after a broken connection.
        var frames: (sent: Int, again: Int) {
            counts.withLock { ($0.framesSent, $0.framesSent - $0.batchesSettled) }
        }
    }

    /// - Returns: whether every report was acknowledged.
    func run() async throws -> Bool {
        let shares = await shares()
        let total = shares.reduce(0) { $0 + $1.count }
        say("total \(total)")
        let progress = Progress(total: total)
        let clients = try await withThrowingTaskGroup(of: (SpanClient, Int).self) { group in
            for (number, share) in shares.enumerated() {
                group.addTask { (try await send(share.dropLast(), by: number, progress), number) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        // The last report and the goodbye, which is not acknowledged, come when nobody is killed any more.
        say("ready")
        _ = readLine()
        var results: [DeliveryReport] = []
        for (client, number) in clients {
            for payload in shares[number].suffix(1) {
                _ = await client.deliver(try SpanBatch(decoding: payload), within: .seconds(60))
            }
            results.append(await client.shutdown(within: .seconds(60)))
        }
        let stored = results.reduce(0) { $0 + $1.storedSpans }
        say(
            "\(stored) reports acknowledged in \(progress.frames.sent) batches, \(progress.frames.again) of them "
                + "sent again")
        for result in results where result.storedSpans != result.reportedSpans { say("a sender: \(result)") }
        return stored == total
    }

    /// The payloads of each sender, in their order; says what the load is.
    private func shares() async -> [[[UInt8]]] {
        var all: [(sender: Int, payload: [UInt8])] = []
        var (traces, spans, partial, foreign, copies) = (0, 0, 0, 0, 0)
        await load.forEachTrace { count, reports in
            traces += 1
            spans += count
            for report in reports {
                all += report.senders.map { ($0, report.payload) }
                if report.isPartial { partial += report.senders.count }
                copies += report.senders.count - 1
                foreign += report.senders.count { $0 != report.senders[0] }
            }
        }
        func percent(_ part: Int) -> String { "\((Double(part) * 1000 / Double(all.count)).rounded() / 10) %" }
        say(
            "\(spans) spans in \(traces) traces, \(all.count) reports by \(load.senders) senders: "
                + "\(percent(copies)) copies (\(percent(foreign)) by another sender), \(percent(partial)) partial")
        var random = SeededGenerator(seed: load.seed)
        all.shuffle(using: &random)
        var shares: [[[UInt8]]] = Array(repeating: [], count: load.senders)
        for (sender, payload) in all { shares[sender].append(payload) }
        return shares
    }

    /// Sends payloads until all are acknowledged, or nobody has taken any for a minute.
    private func send(_ payloads: ArraySlice<[UInt8]>, by number: Int, _ progress: Progress) async throws -> SpanClient
    {
        var configuration = SpanClientConfiguration(
            port: port, agent: "convergence-peer/\(number)", senderID: Self.senderID(number, seed: load.seed),
            // Batches of each sender are of another size. A short queue: most is yet to come when the collector is killed.
            queue: SpanQueueLimits(maxQueuedSpans: 1024, maxBatchSpans: 10 + 30 * number),
            backoff: BackoffPolicy(shortest: .milliseconds(5), longest: .milliseconds(100)))
        configuration.frameObserver = { progress.sent($0) }
        configuration.receiptObserver = { progress.settled($0) }
        let client = try SpanClient(
            configuration: configuration,
            logger: Logger(label: "convergence-peer", factory: { _ in SwiftLogNoOpLogHandler() }))
        client.start()
        for payload in payloads {
            guard await client.deliver(try SpanBatch(decoding: payload), within: .seconds(60)) == 1 else { break }
        }
        _ = await client.flush(within: .seconds(60))
        return client
    }
}
