import SpanMerge
import SpanModel
import SpanStorage

extension SpanStoreContract {
    static let senderChecks: [Check] = [
        Check("a batch that is sent again is skipped whole, its drop counts included", resend),
        Check("batches without a number are always merged", unnumbered),
        Check("senders are counted apart and sequences reach the largest number", sendersApart),
        Check("reports that were taken out before are counted with their sender", rejected),
        Check("reasons of drops beyond the limit are counted as other", manyReasons),
    ]

    private static func batch(
        _ sender: SenderID, _ sequence: UInt64, span: UInt64, dropped: [DropCount] = [], agent: String = "test/1"
    ) -> IncomingBatch {
        let span = SpanRecord(
            traceID: TraceID(high: 4, low: 4), spanID: SpanID(span), name: "s", startTimeUnixNano: 1, endTimeUnixNano: 2
        )
        let scope = ScopeSpans(scope: nil, spans: [span])
        return IncomingBatch(
            sender: sender, sequence: sequence, agent: agent,
            reports: SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])]), dropped: dropped,
            receivedAtUnixNano: sequence &* 10)
    }

    @Sendable private static func resend(_ makePlace: MakePlace, seed: UInt64) async throws {
        let place = try await makePlace()
        var store = try await place.open()
        let sender = SenderID(high: 1, low: 2)
        let drops = [DropCount(reason: "queue_full", spans: 5), DropCount(reason: "too_large", spans: 1)]
        try expectEqual(try await store.storedSequence(of: sender), 0, "the sequence before any batch")
        try await store.append([batch(sender, 1, span: 1, dropped: drops), batch(sender, 3, span: 3)])
        try expectEqual(try await store.storedSequence(of: sender), 3, "the sequence after two batches")
        // 2 was given up by its sender: a number that comes late is not above the stored one.
        let again = try await store.append([
            batch(sender, 1, span: 1, dropped: drops), batch(sender, 2, span: 2), batch(sender, 3, span: 3),
            batch(sender, 4, span: 4, dropped: [DropCount(reason: "queue_full", spans: 2)]), batch(sender, 4, span: 5),
        ])
        try expectEqual(again, AppendResult(storedReports: 1, skippedBatches: 4), "the result of the resend")
        if place.isDurable {
            try await store.close()
            store = try await place.open()
        }
        let summary = SenderSummary(
            sender: sender, agent: "test/1", storedSequence: 4, storedReports: 3,
            dropped: [DropCount(reason: "queue_full", spans: 7), DropCount(reason: "too_large", spans: 1)],
            lastSeenUnixNano: 40)
        try expectEqual(try await store.senders(nowUnixNano: 0), [summary], "the sender")
        let found = try await store.trace(TraceID(high: 4, low: 4))
        try expectEqual(found.map(\.span.spanID.value), [1, 3, 4], "the spans")
        try await store.close()
    }

    @Sendable private static func unnumbered(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let sender = SenderID(high: 1, low: 1)
        try await store.append([batch(sender, 7, span: 1)])
        let result = try await store.append([
            batch(sender, 0, span: 2), batch(.none, 0, span: 3), batch(.none, 5, span: 4), batch(.none, 5, span: 5),
        ])
        try expectEqual(result, AppendResult(storedReports: 4), "the result of append")
        try expectEqual(try await store.storedSequence(of: sender), 7, "the numbered sender's sequence")
        try expectEqual(try await store.storedSequence(of: .none), 0, "the sequence of no sender")
        try expectEqual(try await store.trace(TraceID(high: 4, low: 4)).count, 5, "the spans")
        try await store.close()
    }

    @Sendable private static func sendersApart(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let (low, high) = (SenderID(high: 0, low: 1), SenderID(high: .max, low: .max))
        let drop = DropCount(reason: "queue_full", spans: .max)
        try await store.append([
            batch(high, .max, span: 1, dropped: [drop, drop]), batch(low, 1 << 63, span: 1, agent: "a"),
            batch(low, 1 << 63 + 1, span: 1, agent: "b"),
        ])
        let summaries = try await store.senders(nowUnixNano: 0)
        try expectEqual(summaries.map(\.sender), [low, high], "the senders")
        try expectEqual(summaries.map(\.storedSequence), [1 << 63 + 1, .max], "their sequences")
        try expectEqual(summaries.map(\.agent), ["b", "test/1"], "their agents")
        try expectEqual(summaries[1].dropped, [drop], "a count that stays at the largest number")
        try await store.append([batch(high, .max, span: 2)])
        try expectEqual(try await store.trace(TraceID(high: 4, low: 4)).count, 1, "the spans")
        try await store.close()
    }

    @Sendable private static func rejected(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let sender = SenderID(high: 1, low: 1)
        var first = batch(sender, 1, span: 1)
        first.rejectedReports = 3
        var second = batch(sender, 2, span: 0)
        second.rejectedReports = 1
        try await store.append([first, second, first])
        // The span of the second has no id, so the store refuses it on top.
        try expectEqual(try await store.senders(nowUnixNano: 0).map(\.rejectedReports), [5], "the rejected reports")
        try expectEqual(try await store.senders(nowUnixNano: 0).map(\.storedReports), [1], "the stored reports")
        try await store.close()
    }

    @Sendable private static func manyReasons(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let drops = (0..<100).map { DropCount(reason: "reason \($0 + 100)", spans: 1) }
        try await store.append([batch(SenderID(high: 1, low: 1), 1, span: 1, dropped: drops)])
        let found = try await store.senders(nowUnixNano: 0)[0].dropped
        try expectEqual(found.count, DropCount.maxReasons + 1, "the reasons")
        try expectEqual(found.reduce(0) { $0 + $1.spans }, 100, "the sum")
        let other = DropCount(reason: DropCount.otherReason, spans: UInt64(100 - DropCount.maxReasons))
        try expect(found.contains(other), "those beyond the limit are not counted as other")
        try expectEqual(found.count { $0.spans == 1 }, DropCount.maxReasons, "the reasons that are kept apart")
        try await store.close()
    }
}
