import ProtoWire
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageSQLite
import SpanStorageTesting

/// Holds stores against the oracle: every span, field by field, and what else they answer.
struct Comparison {
    private let load: ReportLoad
    private let oracle: InMemorySpanStore
    private let expected: Contents
    private let answers: Answers
    /// Traces that are asked for by their ids.
    private let traces: [TraceID]

    /// All spans of a store, byte for byte.
    private struct Contents: Sendable {
        var spans: [SpanKey: [[UInt8]]] = [:]
        /// Keys that a scan gave again.
        var again: [SpanKey] = []

        init(of store: any SpanStore) async throws {
            self = try await store.scan(SpanScan(), into: Contents()) { contents, spans in
                for span in spans where contents.spans.updateValue(span.fingerprint, forKey: span.key) != nil {
                    contents.again.append(span.key)
                }
                return true
            }
        }

        private init() {}
    }

    /// How many differences are told.
    private static let told = 10
    private static let tracesAsked = 1000

    /// Feeds the oracle: each report once, in the order in which they were made.
    init(_ load: ReportLoad) async throws {
        self.load = load
        let oracle = InMemorySpanStore()
        try await load.forEachTrace { _, reports in
            try await oracle.append(
                reports.map { report in
                    let sender = Sending.senderID(report.senders[0], seed: load.seed)
                    return IncomingBatch(sender: sender, reports: try SpanBatch(decoding: report.payload))
                })
        }
        // All of them end in good order.
        try await oracle.note(
            (0..<load.senders).map {
                SenderChange(
                    sender: Sending.senderID($0, seed: load.seed), presence: .saidGoodbye, atUnixNano: load.baseUnixNano
                )
            }, by: CollectorLease(collector: .random(), renewedAtUnixNano: load.baseUnixNano))
        self.oracle = oracle
        expected = try await Contents(of: oracle)
        answers = try await Answers(of: oracle, load)
        let traces = Set(expected.spans.keys.map(\.traceID)).sorted()
        self.traces = traces.enumerated().filter { $0.offset % (traces.count / Self.tracesAsked + 1) == 0 }.map(
            \.element)
    }

    /// - Returns: whether the store at a path says what the oracle says; what differs is printed, without values.
    func compare(_ path: String) async throws -> Bool {
        let store = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        var differences = try await spanDifferences(store)
        for trace in traces where try await fingerprints(store, trace) != fingerprints(oracle, trace) {
            differences.append("trace \(trace) by its id")
        }
        let found = try await Answers(of: store, load)
        for (mine, theirs) in zip(answers.all, found.all) where mine.answer != theirs.answer {
            differences.append("the answer to: \(mine.question)")
        }
        if answers.all.count != found.all.count { differences.append("the number of pages of searches") }
        await store.close()
        for difference in differences.prefix(Self.told) { say("differs: \(difference)") }
        if differences.count > Self.told { say("differs: \(differences.count - Self.told) more") }
        if differences.isEmpty {
            let conflicted = expected.spans.values.count { $0.count > 2 }
            say(
                "equal: \(expected.spans.count) spans (\(conflicted) with clashes), \(traces.count) traces by id, "
                    + "\(found.all.count) other answers, \(found.searchesWithSpans) of them searches that found spans")
        }
        return differences.isEmpty
    }

    private func spanDifferences(_ store: SQLiteSpanStore) async throws -> [String] {
        let found = try await Contents(of: store)
        var differences: [String] = []
        func add(_ keys: some Sequence<SpanKey>, _ fault: (SpanKey) async throws -> String) async rethrows {
            for key in keys.sorted() {
                let side = key.side == .inbound ? "inbound" : "other"
                // Names of fields take a look at both spans; only those that are told are worth it.
                let fault = differences.count < Self.told ? try await fault(key) : "differs"
                differences.append("trace \(key.traceID) span \(key.spanID) (\(side)): \(fault)")
            }
        }
        await add(expected.spans.keys.filter { found.spans[$0] == nil }) { _ in "is missing" }
        await add(found.spans.keys.filter { expected.spans[$0] == nil }) { _ in "was never reported" }
        await add(found.again) { _ in "is there twice" }
        let unequal = expected.spans.filter { key, bytes in found.spans[key].map { $0 != bytes } ?? false }.keys
        try await add(unequal) { key in
            let mine = try await oracle.trace(key.traceID).first { $0.key == key }
            let theirs = try await store.trace(key.traceID).first { $0.key == key }
            guard let mine, let theirs else { return "differs" }
            return theirs.fieldsDiffering(from: mine).joined(separator: ", ")
        }
        return differences
    }

    private func fingerprints(_ store: any SpanStore, _ trace: TraceID) async throws -> [[[UInt8]]] {
        try await store.trace(trace).map(\.fingerprint)
    }
}
