import ProtoWire
import SpanModel
import SpanSession

@testable import SpanSpool

let bob = SenderID(high: 0xB0B, low: 1)

func span(_ number: Int, nameBytes: Int = 8) -> SpanRecord {
    SpanRecord(
        traceID: TraceID(high: 7, low: UInt64(number) + 1), spanID: SpanID(UInt64(number) + 1),
        name: String(repeating: "n", count: nameBytes), startTimeUnixNano: 1_700_000_000_000_000_000,
        endTimeUnixNano: 1_700_000_001_000_000_000)
}

let shop = EncodedOrigin(
    resource: Resource(attributes: [Attribute("service.name", "shop")]), scope: InstrumentationScope(name: "http"))
let cart = EncodedOrigin(
    resource: Resource(attributes: [Attribute("service.name", "cart")]), scope: InstrumentationScope(name: "db"))

extension SessionInstant {
    static func at(_ time: Duration) -> SessionInstant { SessionInstant(nanoseconds: 0).advanced(by: time) }
}

/// Batches of up to 3 spans, due at once; small ledgers.
let smallBatches = SpanQueueLimits(maxBatchSpans: 3, maxBatchBytes: 4096, maxBatchDelay: .zero)

/// Segments of 4 KiB, four at the most.
func smallSegments(_ whenFull: FullQueuePolicy, hasRoom: Bool = false) -> SpanSpoolConfiguration {
    SpanSpoolConfiguration(
        unclamped: hasRoom ? 1 << 30 : 4 * 4096, segmentBytes: 4096, directory: "", sync: .interval(.seconds(1)),
        whenFull: whenFull)
}

/// The numbers of a batch's spans, in its order.
func numbers(_ batch: EncodedBatch) -> [Int] {
    ((try? SpanBatch(decoding: batch.payload))?.spans.map { Int($0.spanID.value) - 1 }) ?? []
}

/// A spool that a test's macros can call, as one process has it.
final class Process {
    var spool: SpanSpool

    init(
        _ storage: MemoryStorage, _ configuration: SpanSpoolConfiguration = SpanSpoolConfiguration(directory: ""),
        batching: SpanQueueLimits = smallBatches, newSender: SenderID = bob, defersWrites: Bool = false
    ) throws(SpoolError) {
        spool = try SpanSpool.open(
            in: storage, configuration, batching: batching, newSender: newSender, ledgerBytes: 600,
            defersWrites: defersWrites)
    }

    func append(
        _ number: Int, _ origin: EncodedOrigin = shop, nameBytes: Int = 8, waits: Bool = false,
        now: SessionInstant = .at(.zero)
    ) throws(SpoolError) -> SpanSpool.Outcome {
        var writer = WireAppender()
        let bytes = span(number, nameBytes: nameBytes).encoded()
        return try spool.append(bytes.rawSpan, origin: origin, waits: waits, writer: &writer, now: now)
    }

    /// The next batch, as a driver takes it; `nil` when none is due.
    func takeBatch(now: SessionInstant = .at(.seconds(10))) -> EncodedBatch? {
        while let read = spool.nextRead(now: now) {
            do throws(SpoolError) {
                if let batch = spool.finish(try read.perform(), now: now) { return batch }
            } catch {
                spool.readFailed(read, error, now: now)
            }
        }
        return nil
    }

    func takeAll() -> [EncodedBatch] {
        var batches: [EncodedBatch] = []
        while let batch = takeBatch() { batches.append(batch) }
        return batches
    }

    /// Everything that a process finds: what was numbered, what was cut, what was never read.
    func takeEverything() -> (restored: [RestoredBatch], dropped: [DropCount], numbers: [Int]) {
        let (restored, dropped) = takeRestored()
        let found = restored.flatMap { numbers($0.batch) } + takeAll().flatMap { numbers($0) }
        return (restored, dropped, found)
    }

    func numbered(
        _ sequence: UInt64, _ batch: EncodedBatch, _ run: Range<Int>? = nil, dropped: [DropCount] = []
    ) {
        let run = run ?? 0..<batch.spanCount
        spool.numbered(
            NumberedBatch(
                sequence: sequence, source: batch.source, ordinal: batch.ordinal, firstSpan: run.lowerBound,
                spanCount: run.count,
                dropped: dropped))
    }

    func settle(_ batch: EncodedBatch, _ run: Range<Int>? = nil, _ reason: DropReason? = nil) {
        let run = run ?? 0..<batch.spanCount
        spool.settle(
            BatchReceipt(
                source: batch.source, ordinal: batch.ordinal, firstSpan: run.lowerBound, spans: run.count,
                queuedBytes: 0,
                dropReason: reason))
    }

    func unnumbered(_ sequence: UInt64) { spool.unnumbered(sequence) }
    func acknowledged(through sequence: UInt64) { spool.acknowledged(through: sequence) }
    func takeRestored() -> (batches: [RestoredBatch], dropped: [DropCount]) { spool.takeRestored() }
    func takeDropped() -> [DropCount] { spool.takeDropped() }
    func dropForRoom() { spool.dropForRoom() }
    func recordDropped(_ counts: [DropCount]) { spool.recordDropped(counts) }
    func takeProblem() -> SpoolError? { spool.takeProblem() }
    func close() { spool.close() }
    func takeWork() -> SpoolJournal? { spool.takeWork() }
    func worked() { spool.worked() }
    func lastSync() -> SpoolSyncJob? { spool.lastSync() }

    func nextSync(now: SessionInstant) -> SpoolSyncJob? { spool.nextSync(now: now) }
    func synced(_ job: SpoolSyncJob, _ error: SpoolError?, now: SessionInstant) { spool.synced(job, error, now: now) }
    var heldSpans: Int { spool.heldSpans }
    var diskBytes: Int { spool.diskBytes }
    var report: DeliveryReport { spool.report }
    var sender: SenderID { spool.sender }
    var highestSequence: UInt64 { spool.highestSequence }
    var recoveredSpans: Int { spool.recoveredSpans }
    var findings: [String] { spool.findings }
    var syncDeadline: SessionInstant? { spool.syncDeadline }
    var nextDeadline: SessionInstant? { spool.nextDeadline }
}
