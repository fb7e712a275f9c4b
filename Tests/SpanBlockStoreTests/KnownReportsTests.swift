import SpanBlocks
import SpanStorageTesting
import Testing

@testable import SpanBlockStore

/// What tells copies and further reports from new ones before anything is read.
@Suite struct KnownReportsTests {
    static func report(_ key: UInt64, _ content: UInt64 = 1) -> HashedReport {
        // As a hash would: spread over all bits, never the same for two keys.
        HashedReport(
            key: (key &* 0x9E37_79B9_7F4A_7C15) << 1, content: content, trace: TraceHash(bits: 0), startUnixNano: 1)
    }

    @Test func `copies, further reports and new ones are told apart, however many are asked about at once`() {
        var random = SeededGenerator(seed: seed)
        var known = KnownReports(limit: 1 << 20)
        var contents: [UInt64: Set<UInt64>] = [:]
        for _ in 0..<3000 {
            let (key, content) = (UInt64.random(in: 0..<2000, using: &random), UInt64.random(in: 0..<3, using: &random))
            known.insert(key: Self.report(key).key, content: content)
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

    @Test func `the last reports are known, at least as many as one generation has`() {
        // Two generations of 768.
        var known = KnownReports(limit: 1536)
        for number in 0..<5000 as Range<UInt64> {
            known.insert(key: Self.report(number).key, content: 1)
            // Around 768, 1536, … and now and then.
            guard number % 768 < 2 || number % 61 == 0 else { continue }
            let verdicts = known.verdicts((0...number).suffix(2000).map { Self.report($0) })
            let last = verdicts.reversed().prefix { $0 == .copy }.count
            #expect(last >= min(Int(number) + 1, 769) && last <= 1536, "after \(number)")
        }
    }
}
