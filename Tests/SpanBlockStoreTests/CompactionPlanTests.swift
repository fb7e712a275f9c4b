import SpanBlocks
import SpanStorageTesting
import Testing

@testable import SpanBlockStore

@Suite struct CompactionPlanTests {
    static let limits = RunLimits(maxReports: 1000, maxRawBytes: 1 << 20)

    static func run(_ id: Int64, _ kind: RunKind, level: RunLevel, reports: Int) -> StoredRun {
        var encoded = EncodedRun()
        encoded.summary.reports = reports
        encoded.summary.spans = reports
        encoded.rawBytes = reports * 100
        return StoredRun(id: id, NewRun(encoded, partition: 1, kind: kind, level: level, starts: 0...1))
    }

    /// What a merge makes at the worst: each kind stays what it is.
    static func merged(_ plan: CompactionPlan, _ next: inout Int64) -> [StoredRun] {
        let level = (plan.runs.map(\.level).max() ?? .appended).next
        return Dictionary(grouping: plan.runs, by: \.kind).sorted { $0.key.rawValue < $1.key.rawValue }.map {
            kind, runs in
            next += 1
            let reports = runs.reduce(0) { $0 + $1.summary.reports }
            let isFinished = limits.isFinished(reports: reports, rawBytes: reports * 100)
            return run(next, kind, level: isFinished ? .finished : level, reports: reports)
        }
    }

    @Test(arguments: [CompactionPlan.Eagerness.underLoad, .idle, .final])
    func `merging comes to an end, whatever runs there are, and leaves few`(eagerness: CompactionPlan.Eagerness) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var next: Int64 = 0
            var runs: [StoredRun] = []
            for _ in 0..<Int.random(in: 0...60, using: &generator) {
                next += 1
                let kind = RunKind(rawValue: Int64.random(in: 0...2, using: &generator)) ?? .settled
                let number = kind == .whole ? 1 : Int64.random(in: 0...8, using: &generator)
                let level = RunLevel(rawValue: number) ?? .appended
                runs.append(Self.run(next, kind, level: level, reports: Int.random(in: 1...499, using: &generator)))
            }
            let before = runs
            var steps = 0
            while steps < 500, let plan = CompactionPlan.next(runs, Self.limits, eagerness) {
                // One alone is merged once: for its copies, and for its columns.
                #expect(plan.runs.count > 1 || plan.runs.allSatisfy { $0.level == .appended }, "SEED=\(seed)")
                let taken = Set(plan.runs.map(\.id))
                runs = runs.filter { !taken.contains($0.id) } + Self.merged(plan, &next)
                steps += 1
            }
            #expect(steps < 500, "\(before.map { ($0.kind, $0.level, $0.summary.reports) })")
            let open = runs.filter { $0.level < .finished }
            let most = eagerness == .final ? 3 : 3 * 9 * CompactionPlan.fanIn
            #expect(open.count <= most)
            if eagerness == .idle { #expect(!open.contains { $0.kind == .loose && $0.level == .appended }) }
        }
    }

    @Test func `a few small runs wait, sixteen of a level are merged, and so are fewer that are large enough`() {
        let small = (1...15).map { Self.run($0, .settled, level: .appended, reports: 10) }
        #expect(CompactionPlan.next(small, Self.limits, .underLoad) == nil)
        let plan = CompactionPlan.next(
            small + [Self.run(16, .settled, level: .appended, reports: 10)], Self.limits, .underLoad)
        #expect(plan?.runs.count == 16)
        let large = (1...3).map { Self.run($0, .settled, level: RunLevel(rawValue: $0) ?? .finished, reports: 400) }
        #expect(CompactionPlan.next(large, Self.limits, .underLoad)?.runs.map(\.id) == [1, 2, 3])
        let finished = (1...40).map { Self.run($0, .settled, level: .finished, reports: 600) }
        #expect(CompactionPlan.next(finished, Self.limits, .final) == nil)
        let loose = (1...8).map { Self.run($0, .loose, level: .appended, reports: 1) }
        #expect(CompactionPlan.next(loose, Self.limits, .underLoad)?.runs.count == 8)
    }
}
