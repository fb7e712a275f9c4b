import SpanMerge
import SpanModel
import SpanStorage

extension SpanStoreContract {
    static let removalChecks: [Check] = [
        Check("a deleted trace is gone, and stays so whatever reports of it come before or after", deletion),
        Check("retention by age removes what is older, nothing younger, and says how much", age),
        Check("reports in any order, late ones too, leave the same after retention by age", lateReports),
        Check("a report that retention removed is stored again when it comes again", resentAfterRetention),
        Check("retention by size removes the oldest spans until the store is small enough", size),
        Check("a deletion is forgotten when it is as old as spans may become", forgottenDeletion),
        Check("a policy that keeps everything removes nothing", noPolicy),
        Check("unfinished spans are running, abandoned or left open as their senders are", unfinished),
        Check("a sender of very many sources has a say in all of them", manySources),
        Check("a store opened for reading refuses to remove", readerRefusesToRemove),
    ]

    private static func span(_ trace: UInt64, _ id: UInt64, start: UInt64, end: UInt64 = 9_000_000) -> SpanRecord {
        SpanRecord(
            traceID: TraceID(high: 12, low: trace), spanID: SpanID(id), name: "s", startTimeUnixNano: start,
            endTimeUnixNano: end)
    }

    private static func batch(
        _ spans: [SpanRecord], instance: String = "", sender: SenderID = .none, sequence: UInt64 = 0
    ) -> IncomingBatch {
        IncomingBatch(
            sender: sender, sequence: sequence, reports: TraceGenerator.reports("a", instance: instance, spans))
    }

    private static func all(_ store: any SpanStore) async throws -> [MergedSpan] {
        let found: [MergedSpan] = try await store.scan(SpanScan(), into: []) { all, spans in
            all += spans
            return true
        }
        return found.sorted { $0.key < $1.key }
    }

    @Sendable private static func deletion(_ makePlace: MakePlace, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let place = try await makePlace()
        var store = try await place.open()
        let reports = (1...40).map { number in
            span(.random(in: 1...4, using: &random), number % 10 + 1, start: number)
        }
        let deleted: Set<TraceID> = [TraceID(high: 12, low: 2), TraceID(high: 12, low: 4)]
        let order = (reports + reports).shuffled(using: &random)
        var leftOut = 0
        for (position, report) in order.enumerated() {
            if position == 20 || position == 30 {
                let id = TraceID(high: 12, low: position == 20 ? 2 : 4)
                let before = try await store.trace(id).count
                try expectEqual(try await store.deleteTrace(id, nowUnixNano: 5), UInt64(before), "removed spans")
                try expectEqual(try await store.deleteTrace(id, nowUnixNano: 6), 0, "spans removed again")
            }
            leftOut += try await store.append([batch([report])]).deletedReports
            if position == 25, place.isDurable {
                try await store.close()
                store = try await place.open()
            }
        }
        let late = order[20...].count { $0.traceID.low == 2 } + order[30...].count { $0.traceID.low == 4 }
        try expectEqual(leftOut, late, "reports that were left out")
        for id in deleted { try expectEqual(try await store.trace(id).count, 0, "spans of a deleted trace") }
        let oracle = InMemorySpanStore()
        for report in reports where !deleted.contains(report.traceID) { try await oracle.append([batch([report])]) }
        try expectSame(try await all(store), try await all(oracle), "the other traces")
        try expectSame(
            try await store.search(SpanQuery()), try await oracle.search(SpanQuery()), "a search for the others")
        try expectEqual(try await store.services(), try await oracle.services(), "the services")
        try await store.close()
    }

    @Sendable private static func age(_ makePlace: MakePlace, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let place = try await makePlace()
        let store = try await place.open()
        let slack = place.retentionSlackNano
        let now = 100 * (slack + 1_000_000)
        var spans: [SpanRecord] = []
        for trace in 1...30 as ClosedRange<UInt64> {
            for id in 1...3 as ClosedRange<UInt64> {
                let start = UInt64.random(in: 1...now, using: &random)
                spans.append(span(trace, id, start: start, end: id == 2 ? 0 : start + 5))
            }
        }
        spans += [span(98, 1, start: 0, end: now), span(98, 2, start: 0, end: 1), span(99, 1, start: 0, end: 0)]
        // At the border, where nothing is rounded away.
        spans += [span(97, 1, start: now / 2, end: now)]
        try await store.append([batch(spans)])
        let before = try await all(store)
        let report = try await store.enforce(RetentionPolicy(maxAgeNano: now / 2), nowUnixNano: now)
        let left = try await all(store)
        let keys = Set(left.map(\.key))
        for merged in before where !keys.contains(merged.key) {
            try expect(merged.ageStartUnixNano < now / 2, "a span was removed that is young enough")
        }
        for merged in left {
            try expect(merged.ageStartUnixNano + slack >= now / 2, "a span from \(merged.ageStartUnixNano) is left")
        }
        try expectEqual(report.spans, UInt64(before.count - left.count), "the removed spans")
        try expect(report.spans > 0 && !left.isEmpty, "a check that shows nothing")
        let kept = before.filter { keys.contains($0.key) }
        try expectSame(left, kept, "what is left")
        try await store.close()
    }

    @Sendable private static func resentAfterRetention(_ makePlace: MakePlace, seed: UInt64) async throws {
        let place = try await makePlace()
        let store = try await place.open()
        let now = 100 * (place.retentionSlackNano + 1_000_000)
        let began = span(1, 1, start: 1, end: 0)
        // Without its start a span is as old as its end: this report is younger than the other.
        let ended = span(1, 1, start: 0, end: now)
        try await store.append([batch([began])])
        let report = try await store.enforce(RetentionPolicy(maxAgeNano: now / 2), nowUnixNano: now)
        try expectEqual(report.spans, 1, "the removed spans")
        try await store.append([batch([ended])])
        try await store.append([batch([began])])
        let oracle = InMemorySpanStore()
        try await oracle.append([batch([ended, began])])
        try expectSame(try await all(store), try await all(oracle), "the span with both reports")
        try await store.close()
    }

    @Sendable private static func lateReports(_ makePlace: MakePlace, seed: UInt64) async throws {
        var generator = TraceGenerator(seed: seed)
        let traces = (1...20).map { generator.trace($0) }
        let border = TraceGenerator.begin + TraceGenerator.hourNano / 2
        var contents: [[MergedSpan]] = []
        let place = try await makePlace()
        for isLate in [false, true] {
            let store = isLate ? try await place.open() : InMemorySpanStore()
            let policy = RetentionPolicy(maxAgeNano: 1_000)
            for batch in traces.flatMap({ generator.batches(of: $0) }).shuffled(using: &generator.values.random) {
                try await store.append([IncomingBatch(reports: batch)])
                if isLate, generator.values.chance(10) {
                    _ = try await store.enforce(policy, nowUnixNano: border + 1_000)
                }
            }
            _ = try await store.enforce(policy, nowUnixNano: border + 1_000)
            contents.append(try await all(store).filter { $0.ageStartUnixNano >= border })
            try await store.close()
        }
        try expectSame(contents[1], contents[0], "what is young enough")
    }

    @Sendable private static func size(_ makePlace: MakePlace, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let place = try await makePlace()
        let store = try await place.open()
        for round in 0..<10 as Range<UInt64> {
            let spans = (1...1000 as ClosedRange<UInt64>).map { number -> SpanRecord in
                var span = span(number, round + 1, start: 1 + round * 1000 + number)
                // Nothing that an engine can make much smaller.
                let noise = (0..<160).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
                span.attributes = [Attribute("noise", .bytes(noise))]
                return span
            }
            try await store.append([batch(spans)])
        }
        let before = try await all(store)
        let whole = try await store.enforce(RetentionPolicy(), nowUnixNano: 1).remainingBytes
        let report = try await store.enforce(RetentionPolicy(maxBytes: whole / 2), nowUnixNano: 1)
        try expect(report.remainingBytes <= whole / 2, "\(report.remainingBytes) bytes are left of \(whole)")
        let left = try await all(store)
        try expectEqual(report.spans, UInt64(before.count - left.count), "the removed spans")
        try expect(left.count > 1000 && report.spans > 1000, "\(left.count) spans are left, which shows nothing")
        try expect(report.bytes > 0, "no bytes became free")
        let removed = Set(before.map(\.key)).subtracting(left.map(\.key))
        let newestRemoved = before.filter { removed.contains($0.key) }.map(\.ageStartUnixNano).max() ?? 0
        let oldestLeft = left.map(\.ageStartUnixNano).min() ?? 0
        try expect(
            newestRemoved <= oldestLeft + place.retentionSlackNano, "a younger span was removed before an older one")
        let nothing = try await store.enforce(RetentionPolicy(maxBytes: 0), nowUnixNano: 1)
        try expectEqual(try await all(store).count, 0, "spans in a store that may hold nothing")
        try expectEqual(nothing.spans, UInt64(left.count), "the rest")
        try await store.close()
    }

    @Sendable private static func forgottenDeletion(_ makePlace: MakePlace, seed: UInt64) async throws {
        let place = try await makePlace()
        var store = try await place.open()
        let id = TraceID(high: 12, low: 1)
        try await store.deleteTrace(id, nowUnixNano: 1_000)
        _ = try await store.enforce(RetentionPolicy(maxBytes: 1 << 40), nowUnixNano: 1 << 60)
        _ = try await store.enforce(RetentionPolicy(maxAgeNano: 500), nowUnixNano: 1_500)
        try expectEqual(try await store.append([batch([span(1, 1, start: 1_200)])]).deletedReports, 1, "left out")
        _ = try await store.enforce(RetentionPolicy(maxAgeNano: 500), nowUnixNano: 1_501)
        if place.isDurable {
            try await store.close()
            store = try await place.open()
            try expectEqual(try await store.append([batch([span(1, 1, start: 1_200)])]).storedReports, 1, "stored")
        }
        try await store.close()
    }

    @Sendable private static func noPolicy(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        try await store.append([batch([span(1, 1, start: 1), span(2, 1, start: 0, end: 0)])])
        let report = try await store.enforce(RetentionPolicy(), nowUnixNano: .max)
        try expectEqual(report.spans, 0, "removed spans")
        try expectEqual(try await store.enforce(RetentionPolicy(maxAgeNano: 10), nowUnixNano: 9).spans, 0, "removed")
        try expectEqual(try await all(store).count, 2, "spans")
        try await store.close()
    }

    @Sendable private static func unfinished(_ makePlace: MakePlace, seed: UInt64) async throws {
        let place = try await makePlace()
        var store = try await place.open()
        let senders = (1...4).map { SenderID(high: 3, low: $0) }
        // Instance b is told by two senders; instance e by one without an id; f's spans have ended.
        let told: [(Int, String, [SpanRecord])] = [
            (0, "a", [span(1, 1, start: 10, end: 0), span(1, 2, start: 11)]), (1, "b", [span(2, 1, start: 9, end: 0)]),
            (2, "b", [span(2, 2, start: 8, end: 0)]), (3, "c", [span(3, 1, start: 7, end: 0)]),
            (0, "f", [span(5, 1, start: 5)]),
        ]
        for (number, (sender, instance, spans)) in told.enumerated() {
            try await store.append([
                batch(spans, instance: instance, sender: senders[sender], sequence: UInt64(number + 1))
            ])
        }
        try await store.append([batch([span(4, 1, start: 6, end: 0)], instance: "e")])
        let lease = CollectorLease(collector: .random(), renewedAtUnixNano: 1)
        func presence(_ sender: Int, _ presence: SenderPresence) async throws {
            try await store.note([SenderChange(sender: senders[sender], presence: presence, atUnixNano: 1)], by: lease)
        }
        func outlooks(_ what: String, _ expected: [UnfinishedSpans.Outlook]) async throws {
            let found = try await store.unfinished(SpanScan(), limit: 100, nowUnixNano: 1)
            try expectEqual(found.spans.map(\.span.span.startTimeUnixNano), [6, 7, 8, 9, 10], "the starts \(what)")
            try expectEqual(found.spans.map(\.outlook), expected, "the outlooks \(what)")
            try expectEqual(found.running, UInt64(expected.count { $0 == .running }), "running \(what)")
            try expectEqual(found.abandoned, UInt64(expected.count { $0 == .abandoned }), "abandoned \(what)")
            try expectEqual(found.leftOpen, UInt64(expected.count { $0 == .leftOpen }), "left open \(what)")
        }
        try await outlooks("at first", Array(repeating: .running, count: 5))
        for sender in 0..<4 { try await presence(sender, .connected) }
        try await presence(0, .gone)
        try await presence(1, .gone)
        try await presence(3, .saidGoodbye)
        try await outlooks("with some gone", [.running, .leftOpen, .running, .running, .abandoned])
        try await presence(2, .saidGoodbye)
        if place.isDurable {
            try await store.close()
            store = try await place.open()
        }
        try await outlooks("with all gone", [.running, .leftOpen, .abandoned, .abandoned, .abandoned])
        try await presence(0, .connected)
        try await outlooks("with one back", [.running, .leftOpen, .abandoned, .abandoned, .running])
        let few = try await store.unfinished(SpanScan(starts: 7...9), limit: 2, nowUnixNano: 1)
        try expectEqual(few.spans.map(\.span.span.startTimeUnixNano), [7, 8], "the first two")
        try expectEqual(few.abandoned + few.leftOpen + few.running, 3, "the count of all")
        try await store.append([batch([span(1, 1, start: 10, end: 50)], instance: "a")])
        try expectEqual(
            try await store.unfinished(SpanScan(), limit: 100, nowUnixNano: 1).spans.count, 4, "when one has ended")
        try await store.close()
    }

    @Sendable private static func manySources(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let lease = CollectorLease(collector: .random(), renewedAtUnixNano: 1)
        let (relay, other) = (SenderID(high: 1, low: 1), SenderID(high: 1, low: 2))
        for number in 1...UInt64(SenderSummary.maxRunningSources + 5) {
            try await store.append([
                batch([span(number, 1, start: number, end: 0)], instance: "i\(number)", sender: relay, sequence: number)
            ])
        }
        let summary = try await store.senders(nowUnixNano: 1)[0]
        try expectEqual(summary.runningSources.count, SenderSummary.maxRunningSources, "sources")
        try expect(summary.hasMoreRunningSources, "a sender with further sources does not say so")
        try await store.append([batch([span(900, 1, start: 900, end: 0)], instance: "x", sender: other, sequence: 1)])
        try await store.note([SenderChange(sender: other, presence: .gone, atUnixNano: 1)], by: lease)
        try expectEqual(
            try await store.unfinished(SpanScan(), limit: 1, nowUnixNano: 1).abandoned, 0,
            "while the relay may be there")
        try await store.note([SenderChange(sender: relay, presence: .gone, atUnixNano: 1)], by: lease)
        let count = UInt64(SenderSummary.maxRunningSources + 6)
        try expectEqual(
            try await store.unfinished(SpanScan(), limit: 1, nowUnixNano: 1).abandoned, count, "when both are gone")
        try await store.close()
    }

    @Sendable private static func readerRefusesToRemove(_ makePlace: MakePlace, seed: UInt64) async throws {
        let place = try await makePlace()
        let store = try await place.open()
        try await store.append([batch([span(1, 1, start: 1)])])
        if let reader = try await place.openReader() {
            try await expectCode(.readOnly) { try await reader.deleteTrace(TraceID(high: 12, low: 1), nowUnixNano: 1) }
            try await expectCode(.readOnly) {
                _ = try await reader.enforce(RetentionPolicy(maxBytes: 0), nowUnixNano: 1)
            }
            try await reader.close()
        }
        try expectEqual(try await all(store).count, 1, "spans")
        try await store.close()
        try await expectCode(.closed) { try await store.deleteTrace(TraceID(high: 12, low: 1), nowUnixNano: 1) }
        try await expectCode(.closed) { _ = try await store.enforce(RetentionPolicy(), nowUnixNano: 1) }
        try await expectCode(.closed) { _ = try await store.operations(SpanScan()) }
        try await expectCode(.closed) { _ = try await store.unfinished(SpanScan(), limit: 1, nowUnixNano: 1) }
    }
}
