import SpanBlockStore
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting

/// Two writers, a compactor and retention on one ledger, in an order that the seed has chosen: whoever uses the ledger is
/// interrupted by the others, calls fail, and exchanges are refused.
final class InterleavedWorld {
    /// Something that was done, with what came of it, in the order in which it took effect.
    enum Deed {
        case append([IncomingBatch], AppendResult)
        case delete(TraceID, spans: UInt64)
        case remove(startedBefore: UInt64, spans: UInt64)
    }

    private enum Actor: CaseIterable {
        case writer, otherWriter, compactor, remover
    }

    private(set) var deeds: [Deed] = []
    /// What was thrown although no call had failed.
    private(set) var surprises: [SpanStoreError] = []
    let trouble: LedgerTrouble
    let place = MemoryLedgerPlace()
    private var random: SeededGenerator
    private var appenders: [Actor: ReportAppender] = [:]
    private let compactorWriter: MemoryLedgerWriter
    private let merger: RunMerger
    private let remover: SpanRemover
    private var pending: MergeStep?
    private var busy: Set<Actor> = []
    private var sequences: [Actor: UInt64] = [:]
    private static let limits = RunLimits(maxReports: 6)
    static let hour: UInt64 = 3_600_000_000_000
    /// 2026-01-01T00:00:00Z.
    static let base: UInt64 = 1_767_225_600_000_000_000
    private static let hours: UInt64 = 3
    /// When traces are deleted: behind all that is removed by age, so that no deletion is forgotten.
    static let deletion = base + hours * hour

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let failing = [0, 0, 5, 30].randomElement(using: &random) ?? 0
        let refusing = [0, 10, 50].randomElement(using: &random) ?? 0
        let interrupting = [0, 5, 20, 50].randomElement(using: &random) ?? 0
        trouble = LedgerTrouble(
            seed: random.next(), failing: failing, refusing: refusing, interrupting: interrupting)
        compactorWriter = MemoryLedgerWriter(place, trouble)
        merger = RunMerger(BlockReader(place.ledger(trouble)), Self.limits)
        remover = SpanRemover(MemoryLedgerWriter(place, trouble))
        for actor in [Actor.writer, .otherWriter] {
            appenders[actor] = ReportAppender(
                MemoryLedgerWriter(place, trouble), limits: Self.limits, knownReports: 1536, knownSpansBytes: 1 << 16
            ) { [weak self] in
                self?.surprises.append($0)
            }
        }
        trouble.interrupt = { [weak self] in self?.interrupt() }
    }

    /// How often others may still interrupt what is being done.
    private var interruptionsLeft = 0

    private func interrupt() {
        guard interruptionsLeft > 0 else { return }
        interruptionsLeft -= 1
        doSomething()
    }

    /// Somebody does something, and is interrupted a few times, as are those who interrupt him.
    func act() {
        interruptionsLeft = Int.random(in: 0...3, using: &random)
        doSomething()
    }

    private func doSomething() {
        guard let actor = Actor.allCases.filter({ !busy.contains($0) }).randomElement(using: &random) else { return }
        busy.insert(actor)
        defer { busy.remove(actor) }
        let failures = trouble.failures
        do throws(SpanStoreError) {
            try act(actor)
        } catch {
            let isRefused = error.code == .busy
            if trouble.failures == failures, !isRefused { surprises.append(error) }
        }
    }

    private func act(_ actor: Actor) throws(SpanStoreError) {
        switch actor {
        case .writer, .otherWriter:
            guard let appender = appenders[actor] else { return }
            let group = group(of: actor)
            let result = try appender.append(group, nowUnixNano: Self.base + Self.hours * Self.hour).result
            deeds.append(.append(group, result))
        case .compactor:
            // Long after it was made, or at once.
            if let step = pending {
                pending = nil
                try step.store(compactorWriter)
            } else {
                pending = try merger.next([.underLoad, .idle, .final].randomElement(using: &random) ?? .final)
            }
        case .remover:
            if Bool.random(using: &random) {
                let trace = trace()
                let spans = try remover.deleteTrace(trace, nowUnixNano: Self.deletion)
                deeds.append(.delete(trace, spans: spans))
            } else {
                let border = Self.base + .random(in: 0..<Self.hours, using: &random) * Self.hour
                let spans = try remover.removeSpans(startedBefore: border)
                deeds.append(.remove(startedBefore: border, spans: spans))
            }
        }
    }

    private func trace() -> TraceID { TraceID(high: 1, low: .random(in: 1...5, using: &random)) }

    /// Some reports. All of a span lie in one hour, so that it goes with all of them.
    private func group(of actor: Actor) -> [IncomingBatch] {
        var group: [IncomingBatch] = []
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let spans = (0..<Int.random(in: 1...3, using: &random)).map { _ in report() }
            let sender = SenderID(high: actor == .writer ? 1 : 2, low: 1)
            // Some come again.
            if sequences[actor] == nil || Int.random(in: 0..<4, using: &random) > 0 {
                sequences[actor, default: 0] += 1
            }
            group.append(
                IncomingBatch(
                    sender: sender, sequence: sequences[actor] ?? 1,
                    reports: TraceGenerator.reports("s\(spans.count)", instance: "", spans),
                    receivedAtUnixNano: Self.base + Self.hour))
        }
        return group
    }

    private func report() -> SpanRecord {
        let trace = trace()
        let id = UInt64.random(in: 1...3, using: &random)
        let start = Self.base + (trace.low &+ id) % Self.hours * Self.hour + id
        // A start, an end, or both; with an attribute that tells whose report it is.
        let form = Int.random(in: 0..<4, using: &random)
        return SpanRecord(
            traceID: trace, spanID: SpanID(id), name: form == 3 ? "other" : "op", kind: .client,
            startTimeUnixNano: form == 1 ? 0 : start, endTimeUnixNano: form == 2 ? 0 : start + 1_000 + id,
            attributes: [Attribute("form", .int(Int64(form)))])
    }

    /// Merges all that is left, undisturbed.
    func finish() throws(SpanStoreError) {
        trouble.isOver = true
        pending = nil
        while let step = try merger.next(.final) { try step.store(compactorWriter) }
    }

    /// Answers about what is stored.
    var answers: SpanAnswers { SpanAnswers(BlockReader(place.ledger())) }
}
