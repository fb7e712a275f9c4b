import ProtoWire
import SpanModel
import Testing

@testable import SpanSession

/// What a batch may weigh (rule 17): announced by the collector, computed by any sender, kept by our own.
struct BatchWeightTests {
    let start = SessionInstant.at(.zero)

    // MARK: The naive twin, as docs/protocol.md has the rule

    static func sixteenths(_ batch: SpanBatch, drops: Int = 0) -> Int {
        var sum = drops
        for group in batch.resourceSpans {
            sum += 4 + values(group.resource?.attributes ?? []) + 4 * (group.resource?.entityRefs.count ?? 0)
            for scope in group.scopeSpans {
                sum += 4 + values(scope.scope?.attributes ?? [])
                for span in scope.spans {
                    sum += 16 + values(span.attributes)
                    for event in span.events { sum += 4 + values(event.attributes) }
                    for link in span.links { sum += 4 + values(link.attributes) }
                }
            }
        }
        return sum
    }

    static func values(_ attributes: [Attribute]) -> Int {
        attributes.reduce(0) { $0 + 1 + inside($1.value) }
    }

    static func inside(_ value: AttributeValue?) -> Int {
        switch value {
        case .array(let values): values.reduce(0) { $0 + 1 + inside($1) }
        case .keyValueList(let attributes): values(attributes)
        case .extended(let value, _, _): inside(value)
        default: 0
        }
    }

    // MARK: Batches of any weight

    static func attribute(_ random: inout SplitMix64, depth: Int = 0) -> Attribute {
        Attribute("k\(Int.random(in: 0...9, using: &random))", value(&random, depth: depth))
    }

    static func value(_ random: inout SplitMix64, depth: Int) -> AttributeValue {
        let count = Int.random(in: 0...4, using: &random)
        switch Int.random(in: 0...(depth < 3 ? 5 : 3), using: &random) {
        case 0: return .string(String(repeating: "v", count: count))
        case 1: return .bool(true)
        case 2: return .int(Int64(count))
        case 3: return .double(0.5)
        case 4: return .array((0..<count).map { _ in value(&random, depth: depth + 1) })
        default: return .keyValueList((0..<count).map { _ in attribute(&random, depth: depth + 1) })
        }
    }

    static func batch(_ random: inout SplitMix64) -> SpanBatch {
        func attributes(_ random: inout SplitMix64, _ most: Int) -> [Attribute] {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in attribute(&random) }
        }
        var number = 0
        var batch = SpanBatch()
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            var resource = Resource(attributes: attributes(&random, 4))
            if Bool.random(using: &random) { resource.entityRefs = [EntityRef(type: "host", idKeys: ["k1"])] }
            var group = ResourceSpans(resource: resource)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                var scope = ScopeSpans(
                    scope: InstrumentationScope(name: "s", attributes: attributes(&random, 2)), spans: [])
                for _ in 0..<Int.random(in: 0...6, using: &random) {
                    var span = SpanSessionTests.span(number)
                    number += 1
                    span.attributes = attributes(&random, 30)
                    for _ in 0..<Int.random(in: 0...3, using: &random) {
                        span.events.append(SpanEvent(timeUnixNano: 1, name: "e", attributes: attributes(&random, 3)))
                    }
                    for _ in 0..<Int.random(in: 0...2, using: &random) {
                        span.links.append(
                            SpanLink(
                                traceID: TraceID(high: 1, low: 2), spanID: SpanID(3),
                                attributes: attributes(&random, 3)))
                    }
                    scope.spans.append(span)
                }
                group.scopeSpans.append(scope)
            }
            batch.resourceSpans.append(group)
        }
        return batch
    }

    @Test(arguments: seeds(200))
    func `what a batch weighs is what the page says, on both sides, and never more than half its bytes`(
        _ seed: UInt64
    ) throws {
        var random = SplitMix64(seed: seed)
        let batch = Self.batch(&random)
        let expected = Self.sixteenths(batch)
        let encoded = EncodedBatch(batch)
        #expect(encoded.sixteenths == expected, "SEED=\(seed)")
        #expect(encoded.mostSixteenths >= expected, "SEED=\(seed)")
        let drops = [DropCount(reason: "a", spans: 1), DropCount(reason: "b", spans: 2)]
        let payload = Batch(spans: batch, sequence: 1, dropped: drops).encoded()
        let weight = Self.sixteenths(batch, drops: drops.count) / 16
        #expect(2 * weight <= payload.count, "SEED=\(seed)")
        for limit in [weight, weight - 1] where limit > 0 {
            var server = welcomedServer(ServerSettings(maxBatchWeight: limit))
            let actions = server.received(frame(FrameKind.batch.rawValue, payload).rawSpan, now: start)
            #expect(actions.stores.map(\.weight) == (limit == weight ? [weight] : []), "SEED=\(seed)")
            let words = actions.goAway?.message ?? ""
            #expect(limit == weight || words.hasSuffix("weighs \(weight), max_batch_weight is \(limit)"), "\(words)")
        }
    }

    /// Everything between a client and a server until neither has anything to say.
    private func talk(
        _ client: inout ClientSession, _ server: inout ServerSession, _ first: [ClientAction], _ hint: String
    ) -> (receipts: [BatchReceipt], stored: [ReceivedBatch]) {
        var (actions, receipts, stored) = (first, first.receipts, [ReceivedBatch]())
        while !actions.sent.isEmpty {
            var answers: [UInt8] = []
            for frame in actions.sent {
                let replies = server.received(frame.bytes.rawSpan, now: start)
                #expect(replies.goAway == nil, "\(hint): \(replies.goAway?.message ?? "")")
                stored += replies.stores
                answers += replies.bytes
                let new = replies.stores.map { StoredBatch(sequence: $0.sequence) }
                if !new.isEmpty { answers += server.batchesStored(new, now: start).bytes }
            }
            actions = client.received(answers.rawSpan, on: client.lastConnection, now: start)
            receipts += actions.receipts
        }
        return (receipts, stored)
    }

    @Test(arguments: seeds(200))
    func `a batch too heavy for the collector arrives in parts, before a number was given and after`(
        _ seed: UInt64
    ) throws {
        var random = SplitMix64(seed: seed)
        let batch = Self.batch(&random)
        let encoded = EncodedBatch(batch, ordinal: 7)
        let limit = Int.random(in: 1...max(encoded.sixteenths / 16, 1), using: &random)
        let drops = (0..<Int.random(in: 0...20, using: &random)).map { DropCount(reason: "r\($0)", spans: 1) }
        var server = welcomedServer(ServerSettings(maxBatchWeight: limit))
        let welcome = Welcome(creditBytes: 1 << 30, maxBatchWeight: UInt64(limit))
        let hint = "SEED=\(seed), limit \(limit)"
        var client: ClientSession
        var actions: [ClientAction] = []
        if Bool.random(using: &random) {
            client = welcomedClient(welcome)
            actions += client.reportDropped(drops, now: start)
            actions += client.send(encoded, now: start)
        } else {
            // The one before took it whole, and did not say that it has it.
            client = welcomedClient(Welcome(creditBytes: 1 << 30))
            _ = client.reportDropped(drops, now: start)
            _ = client.send(encoded, now: start)
            _ = client.connectionClosed(client.lastConnection, now: start)
            _ = client.timeout(now: client.nextDeadline ?? start)
            _ = client.connectionOpened(client.lastConnection, now: start)
            actions = client.received(frame(.welcome, welcome).rawSpan, on: client.lastConnection, now: start)
        }
        let (receipts, stored) = talk(&client, &server, actions, hint)
        #expect(client.isIdle, "\(hint)")
        #expect(stored.allSatisfy { $0.weight <= limit }, "\(hint)")
        // Each span is in one receipt, and given up only if it weighs too much with nothing beside it.
        let spans = Array(try SpanBatch(decoding: encoded.payload).spans)
        var settled = [Int](repeating: 0, count: spans.count)
        var lost = 0
        for receipt in receipts {
            for index in receipt.firstSpan..<receipt.firstSpan + receipt.spans { settled[index] += 1 }
            if receipt.dropReason == .spanTooLarge { lost += receipt.spans }
        }
        #expect(settled.allSatisfy { $0 == 1 }, "\(hint): \(settled)")
        #expect(stored.reduce(0) { $0 + $1.spanCount } == spans.count - lost, "\(hint)")
        var alone = 0
        for group in batch.resourceSpans {
            for scope in group.scopeSpans {
                for span in scope.spans {
                    let sole = SpanBatch(resourceSpans: [
                        ResourceSpans(
                            resource: group.resource, scopeSpans: [ScopeSpans(scope: scope.scope, spans: [span])])
                    ])
                    if Self.sixteenths(sole) / 16 > limit { alone += 1 }
                }
            }
        }
        #expect(lost == alone, "\(hint)")
        // Every drop is told once.
        var told: [String: UInt64] = [:]
        for drop in stored.flatMap(\.dropped) { told[drop.reason, default: 0] += drop.spans }
        #expect(told.removeValue(forKey: "span_too_large") ?? 0 == UInt64(lost), "\(hint)")
        #expect(told.values.reduce(0, +) == UInt64(drops.count), "\(hint)")
    }

    @Test func `a collector that announces nothing takes 1,048,576, and whatever one says is no trap`() throws {
        let heavy = EncodedBatch(
            payload: [0x0A, 0x00], spanCount: (1 << 20) + 1, queuedBytes: 0, ordinal: 1)
        for (announced, weight) in [(0, 1 << 20), (5, 5), (UInt64.max, 1 << 53)] as [(UInt64, Int)] {
            let client = welcomedClient(Welcome(creditBytes: 1, maxBatchWeight: announced))
            #expect(client.open?.maxBatchSixteenths == 16 * weight + 15)
        }
        #expect(heavy.mostSixteenths > 16 << 20)
        // What the page says of the least that is taken.
        let server = ServerSettings(maxBatchWeight: -3)
        #expect(server.maxBatchWeight == 1)
    }

    @Test func `limits set later are held to the same bounds as those given at first`() {
        var limits = SpanQueueLimits()
        limits.maxQueuedSpans = 0
        limits.maxBatchSpans = -4
        limits.maxBatchBytes = 0
        limits.maxBatchDelay = .seconds(-1)
        #expect(limits.maxQueuedSpans == 1 && limits.maxBatchSpans == 1 && limits.maxBatchBytes == 64)
        #expect(limits.maxBatchDelay == .zero)
        limits.maxQueuedBytes = 0
        #expect(limits.maxQueuedBytes == 64)
        limits.maxBatchBytes = 1 << 30
        #expect(limits.maxQueuedBytes == 1 << 30)
        var client = ClientSettings(senderID: aliceID, seed: 1)
        client.maxFrameBytes = 3
        #expect(client.maxFrameBytes == 1024)
        var server = ServerSettings()
        server.maxFrameBytes = 3
        server.maxBatchWeight = 0
        server.windowLog = 99
        #expect(server.maxFrameBytes == 1024 && server.maxBatchWeight == 1 && server.windowLog == 23)
        server.windowLog = 1
        #expect(server.windowLog == 17)
    }
}
