import Foundation
import SpanModel
import SpanStorage
import SpanStorageSQLite
import Synchronization
import Testing

/// How long an ack takes while the same store answers long questions: `ACK_SPANS=1000000` for figures; without it a short
/// form that shows that acks go on.
@Suite(.timeLimit(.minutes(30))) struct AcksBesideQuestionsTests {
    let folder = try! TemporaryFolder()

    private static let spans = ProcessInfo.processInfo.environment["ACK_SPANS"].flatMap(Int.init) ?? 10_000

    /// What a sender waits for: the look-up of a Hello, then the commit of a small batch. Milliseconds each.
    private func acks(_ store: SQLiteSpanStore, from sequence: inout UInt64, count: Int) async throws -> [Double] {
        let sender = SenderID(high: 1, low: 1)
        var times: [Double] = []
        for _ in 0..<count {
            let start = DispatchTime.now().uptimeNanoseconds
            #expect(try await store.storedSequence(of: sender) == sequence)
            sequence += 1
            try await store.append([batch(trace: 1 << 40 + sequence, count: 20, sender: sender, sequence: sequence)])
            times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
        }
        return times
    }

    private func percentiles(_ times: [Double]) -> String {
        let sorted = times.sorted()
        func at(_ share: Double) -> Double { sorted[min(Int(Double(sorted.count) * share), sorted.count - 1)] }
        return String(format: "p50 %.2f ms, p99 %.2f ms, max %.2f ms", at(0.5), at(0.99), at(1))
    }

    @Test func `acks go on while the store is scanned, checked and counted`() async throws {
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        for trace in 0..<max(Self.spans / 500, 1) {
            try await store.append([batch(trace: UInt64(trace + 1), count: 500)])
        }
        try await store.compact()
        let questions: [(name: String, ask: @Sendable () async throws -> Void)] = [
            (
                "scan",
                {
                    _ = try await store.scan(SpanScan(), into: 0) {
                        $0 += $1.count; return true
                    }
                }
            ),
            ("check", { _ = try await store.check() }), ("latency", { _ = try await store.latency(LatencyQuery()) }),
            ("slow", { _ = try await store.slow(SlowQuery()) }),
        ]
        var sequence: UInt64 = 0
        let count = Self.spans > 10_000 ? 1000 : 20
        var told = ["none: \(percentiles(try await acks(store, from: &sequence, count: count)))"]
        for (name, ask) in questions {
            let (isEnough, asked) = (Flag(), Flag())
            let asking = Task {
                repeat {
                    asked.raise()
                    try await ask()
                } while !isEnough.isRaised
            }
            while !asked.isRaised { await Task.yield() }
            told.append("\(name): \(percentiles(try await acks(store, from: &sequence, count: count)))")
            isEnough.raise()
            try await asking.value
        }
        told.append("none: \(percentiles(try await acks(store, from: &sequence, count: count)))")
        if Self.spans > 10_000 { print("acks beside questions, \(Self.spans) spans\n" + told.joined(separator: "\n")) }
        await store.close()
    }
}
