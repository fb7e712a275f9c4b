import SpanStorageTesting
import Testing

@testable import SpanStorageSQLite

/// What tells copies and further reports from new ones before anything is read.
@Suite struct KnownReportsTests {
    static func report(_ key: UInt64, _ content: UInt64 = 1, partition: Int64 = 0) -> HashedReport {
        // As a hash would: spread over all bits, never the same for two keys.
        HashedReport(key: (key &* 0x9E37_79B9_7F4A_7C15) << 1, content: content, partition: partition)
    }

    @Test("copies, further reports and new ones are told apart, however many are asked about at once")
    func verdicts() {
        var random = SeededGenerator(seed: seed)
        var known = KnownReports(limit: 1 << 20, completeSinceUnixNano: nil, nowUnixNano: 0)
        var contents: [UInt64: Set<UInt64>] = [:]
        for _ in 0..<3000 {
            let (key, content) = (UInt64.random(in: 0..<2000, using: &random), UInt64.random(in: 0..<3, using: &random))
            known.insert(key: Self.report(key).key, content: content, nowUnixNano: 0)
            contents[key, default: []].insert(content)
        }
        for count in [0, 1, 63, 64, 65, 129, 1000] {
            let asked = (0..<count).map { _ in
                (key: UInt64.random(in: 0..<4000, using: &random), content: UInt64.random(in: 0..<3, using: &random))
            }
            let verdicts = known.verdicts(asked.map { Self.report($0.key, $0.content) })
            let expected = asked.map { asked -> KnownReports.Verdict in
                guard let contents = contents[asked.key] else { return .new }
                return contents.contains(asked.content) ? .copy : .further
            }
            #expect(verdicts == expected, "SEED=\(seed)")
        }
    }

    @Test("what was forgotten came before the time from which all reports are known")
    func generations() {
        // Two generations of 768.
        var known = KnownReports(limit: 1536, completeSinceUnixNano: nil, nowUnixNano: 0)
        for number in 0..<5000 as Range<UInt64> {
            known.insert(key: Self.report(number).key, content: 1, nowUnixNano: number)
            // Around 768, 1536, … and now and then.
            guard number % 768 < 2 || number % 61 == 0 else { continue }
            let verdicts = known.verdicts((0...number).suffix(2000).map { Self.report($0) })
            let firstKnown = number + 1 - UInt64(verdicts.reversed().prefix { $0 == .copy }.count)
            // Of one moment with it some may be forgotten.
            let since = known.completeSinceUnixNano.map { $0 + 1 } ?? 0
            if firstKnown > since { Issue.record("after \(number): known from \(firstKnown), promised from \(since)") }
        }
        #expect(known.completeSinceUnixNano == 3840)
    }

    @Test("a filter of an hour never calls a span new that has a report, and rarely one known that has none")
    func partitions() {
        var random = SeededGenerator(seed: seed)
        var keys = PartitionKeys(maxBytes: 64 << 20)
        for partition in 0..<3 as Range<Int64> { keys.begin(partition, isEmpty: partition != 2) }
        let stored = (0..<40_000 as Range<UInt64>).map { Self.report($0, partition: Int64($0 % 3)) }
        for start in stride(from: 0, to: stored.count, by: 1000) {
            keys.insert(stored[start..<start + 1000].sorted { $0.partition < $1.partition })
        }
        let asked = stored + (40_000..<80_000 as Range<UInt64>).map { Self.report($0, partition: Int64($0 % 3)) }
        let shuffled = asked.shuffled(using: &random)
        let storedKeys = Set(stored.map(\.key))
        var news = 0
        for (report, isNew) in zip(shuffled, keys.areNew(shuffled)) where isNew {
            news += 1
            #expect(report.partition != 2, "had reports before")
            #expect(!storedKeys.contains(report.key), "SEED=\(seed)")
        }
        // Two of three of those that are not stored; one in 10,000 of them is taken for known.
        #expect(news > 26_500 && news <= 26_668)
        #expect(keys.areNew([]).isEmpty)
    }
}
