import SpanModel
import SpanStorage

extension SpanStoreContract {
    static let presenceChecks: [Check] = [
        Check("who came and went is kept, and is not lost with what a batch tells", presence),
        Check("a sender is there while one collector with a lease says so", collectorsApart),
        Check("who was connected to a collector that was killed is gone when its lease has lapsed", lapsedLease),
        Check("what became of the connection that began last is what counts", laterConnection),
        Check("a collector that was forgotten is told so", forgottenCollector),
        Check("presence is that of the in-memory engine, whatever collectors note and whenever", randomNotes),
    ]

    private static let second: UInt64 = 1_000_000_000
    private static let (first, other) = (CollectorID(rawValue: 1), CollectorID(rawValue: .max))

    private static func lease(_ collector: CollectorID, at seconds: UInt64) -> CollectorLease {
        CollectorLease(collector: collector, renewedAtUnixNano: seconds * second)
    }

    private static func change(_ sender: SenderID, _ presence: SenderPresence, at seconds: UInt64) -> SenderChange {
        SenderChange(sender: sender, agent: "a/1", presence: presence, atUnixNano: seconds * second)
    }

    private static func expectPresences(
        _ store: any SpanStore, at seconds: UInt64, _ expected: [SenderPresence], _ what: String
    ) async throws {
        try expectEqual(try await store.senders(nowUnixNano: seconds * second).map(\.presence), expected, what)
    }

    private static func batch(_ sender: SenderID, _ sequence: UInt64) -> IncomingBatch {
        let span = SpanRecord(
            traceID: TraceID(high: 4, low: 4), spanID: SpanID(sequence), name: "s", startTimeUnixNano: 1,
            endTimeUnixNano: 2)
        let scope = ScopeSpans(scope: nil, spans: [span])
        return IncomingBatch(
            sender: sender, sequence: sequence, agent: "test/1",
            reports: SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])]),
            dropped: [DropCount(reason: "queue_full", spans: 5)], receivedAtUnixNano: sequence * 10)
    }

    @Sendable private static func presence(_ makePlace: MakePlace, seed: UInt64) async throws {
        let place = try await makePlace()
        var store = try await place.open()
        let (one, two, three) = (SenderID(high: 1, low: 1), SenderID(high: 1, low: 2), SenderID(high: 1, low: 3))
        try await store.note(
            [
                SenderChange(sender: one, agent: "a/1", presence: .connected, atUnixNano: 5),
                SenderChange(sender: two, agent: "b/1", presence: .connected, atUnixNano: 6),
            ], by: lease(first, at: 0))
        try await store.append([batch(one, 1), batch(three, 1)])
        try await store.note(
            [SenderChange(sender: one, presence: .saidGoodbye, atUnixNano: 70)], by: lease(first, at: 0))
        try await expectPresences(store, at: 0, [.saidGoodbye, .connected, .unknown], "who is there")
        if place.isDurable {
            try await store.close()
            store = try await place.open()
        }
        try await store.endLease(of: first)
        let drops = [DropCount(reason: "queue_full", spans: 5)]
        let expected = [
            SenderSummary(
                sender: one, agent: "test/1", storedSequence: 1, storedReports: 1, dropped: drops,
                presence: .saidGoodbye, lastSeenUnixNano: 70),
            SenderSummary(sender: two, agent: "b/1", presence: .gone, lastSeenUnixNano: 6),
            SenderSummary(
                sender: three, agent: "test/1", storedSequence: 1, storedReports: 1, dropped: drops,
                lastSeenUnixNano: 10),
        ]
        try expectEqual(
            try await store.senders(nowUnixNano: 0), expected, "the senders when the collector has ended")
        try expectEqual(try await store.storedSequence(of: two), 0, "the sequence of one that sent nothing")
        try await store.append([batch(one, 2)])
        try expectEqual(
            try await store.senders(nowUnixNano: 0)[0].presence, .saidGoodbye, "presence is no batch's business")
        try await store.close()
    }

    @Sendable private static func collectorsApart(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let (one, both) = (SenderID(high: 1, low: 1), SenderID(high: 1, low: 2))
        try await store.note(
            [change(one, .connected, at: 100), change(both, .connected, at: 100)], by: lease(first, at: 100))
        try await store.note([], by: lease(other, at: 101))
        try await expectPresences(store, at: 101, [.connected, .connected], "when another collector starts")
        try await store.note([change(both, .connected, at: 102)], by: lease(other, at: 102))
        try await store.note([change(both, .gone, at: 103)], by: lease(first, at: 103))
        try await expectPresences(store, at: 103, [.connected, .connected], "when one of two connections ended")
        try await store.endLease(of: other)
        try await expectPresences(store, at: 104, [.connected, .gone], "when the other collector ended")
        try await store.endLease(of: other)
        try await store.endLease(of: first)
        try await expectPresences(store, at: 104, [.gone, .gone], "when both ended")
        try await store.close()
    }

    @Sendable private static func lapsedLease(_ makePlace: MakePlace, seed: UInt64) async throws {
        let place = try await makePlace()
        var store = try await place.open()
        let (one, two) = (SenderID(high: 1, low: 1), SenderID(high: 1, low: 2))
        try await store.note([change(one, .connected, at: 100)], by: lease(first, at: 100))
        try await store.note([change(two, .connected, at: 100)], by: lease(other, at: 100))
        try await store.note([], by: lease(other, at: 120))
        if place.isDurable {
            try await store.close()
            store = try await place.open()
        }
        try await expectPresences(store, at: 129, [.connected, .connected], "while both leases hold")
        try await expectPresences(store, at: 130, [.gone, .connected], "when the lease of one has lapsed")
        try await expectPresences(store, at: 149, [.gone, .connected], "until the other's lapses")
        try await expectPresences(store, at: 150, [.gone, .gone], "when both have")
        try await expectPresences(store, at: 69, [.gone, .gone], "long before, as by a clock that was set back")
        // A collector that is told that another has lapsed changes nothing that was said.
        try await store.note([], by: lease(other, at: 140))
        try await expectPresences(store, at: 149, [.gone, .connected], "when the lapsed one was forgotten")
        try await store.close()
    }

    @Sendable private static func laterConnection(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let sender = SenderID(high: 1, low: 1)
        try await store.note([change(sender, .connected, at: 100)], by: lease(first, at: 100))
        try await store.note([change(sender, .connected, at: 105)], by: lease(other, at: 105))
        try await store.note([change(sender, .saidGoodbye, at: 106)], by: lease(other, at: 106))
        try await expectPresences(store, at: 107, [.connected], "while the older connection is there")
        // It notices late that nobody is there any more.
        try await store.note([change(sender, .gone, at: 125)], by: lease(first, at: 125))
        try await expectPresences(store, at: 125, [.saidGoodbye], "when the older one ends last")
        try await store.note([change(sender, .connected, at: 126)], by: lease(first, at: 126))
        try await expectPresences(store, at: 200, [.gone], "when it came back to a collector that was killed")
        try await store.close()
    }

    @Sendable private static func forgottenCollector(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let sender = SenderID(high: 1, low: 1)
        try expectEqual(try await store.note([], by: lease(first, at: 100)), false, "whether a new one is known")
        let again = try await store.note([change(sender, .connected, at: 101)], by: lease(first, at: 101))
        try expectEqual(again, true, "whether one is known that was noted before")
        // It sleeps for an hour; late, but nobody has forgotten it.
        try expectEqual(try await store.note([], by: lease(first, at: 3700)), true, "whether it is known an hour later")
        try await expectPresences(store, at: 3700, [.connected], "when it is back")
        try await store.note([], by: lease(other, at: 7000))
        try await expectPresences(store, at: 7000, [.gone], "when another one has forgotten it")
        try expectEqual(try await store.note([], by: lease(first, at: 7001)), false, "whether it is known then")
        try await store.note([change(sender, .connected, at: 7001)], by: lease(first, at: 7001))
        try await expectPresences(store, at: 7001, [.connected], "when it has noted all anew")
        try await store.close()
    }

    @Sendable private static func randomNotes(_ makePlace: MakePlace, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let times: [UInt64] = [0, 1, 5, 1 << 40, 1 << 63 - 3, 1 << 63, 1 << 63 + 2, .max - 1, .max]
        func time() -> UInt64 {
            let base = times.randomElement(using: &random) ?? 0
            return Bool.random(using: &random) ? base : base &+ UInt64.random(in: 0...6, using: &random)
        }
        let store = try await makePlace().open()
        let oracle = InMemorySpanStore()
        let collectors = (0..<3).map { _ in CollectorID(rawValue: .random(in: 0...UInt64.max, using: &random)) }
        for step in 0..<300 {
            let collector = collectors[Int.random(in: 0..<3, using: &random)]
            if Int.random(in: 0..<8, using: &random) == 0 {
                try await store.endLease(of: collector)
                try await oracle.endLease(of: collector)
            } else {
                let lease = CollectorLease(
                    collector: collector, renewedAtUnixNano: time(), lengthNano: .random(in: 0...4, using: &random))
                let changes = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    SenderChange(
                        sender: SenderID(high: 1, low: .random(in: 1...4, using: &random)),
                        agent: ["", "a", "b"].randomElement(using: &random) ?? "",
                        presence: SenderPresence(rawValue: .random(in: 0...3, using: &random)), atUnixNano: time())
                }
                let isKnown = try await store.note(changes, by: lease)
                try expectEqual(
                    isKnown, try await oracle.note(changes, by: lease),
                    "whether it is known, step \(step) of SEED=\(seed)")
            }
            let now = time()
            let found = try await store.senders(nowUnixNano: now)
            try expectEqual(
                found, try await oracle.senders(nowUnixNano: now), "the senders after step \(step) of SEED=\(seed)")
        }
        try await store.close()
    }
}
