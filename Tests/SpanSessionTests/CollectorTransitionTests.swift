import ProtoWire
import SpanModel
import Testing

@testable import SpanSession

/// Rows and rules of docs/protocol.md at the collector that no other test is about; docs/protocol-tests.md has them all.
struct CollectorTransitionTests {
    let start = SessionInstant.at(.zero)

    func lookingUp() -> ServerSession {
        var server = ServerSession(settings: ServerSettings(), now: start)
        _ = server.received(frame(.hello, Hello(senderID: aliceID)).rawSpan, now: start)
        return server
    }

    @Test func `the smallest batch is the one that the protocol's page shows`() {
        let smallest = frame(.batch, Batch(sequence: 1))
        #expect(smallest == [0x03, 0x00, 0x00, 0x00, 0x03, 0xC8, 0x3E, 0x01])
        var server = welcomedServer()
        #expect(server.received(smallest.rawSpan, now: start).stores.map(\.sequence) == [1])
    }

    @Test func `a sender that is being looked up is not asked, not given up, and can be sent away`() {
        var server = lookingUp()
        #expect(server.nextDeadline == nil)
        #expect(server.timeout(now: .at(.seconds(600))).isEmpty)
        var drained = server
        #expect(drained.drain(retryAfter: .seconds(1), now: start).goAway?.code == .shuttingDown)
        #expect(drained.senderFound(storedSequence: 0, now: start).isEmpty)
        var superseded = server
        #expect(superseded.superseded(now: start).goAway?.code == .protocolError)
        let refusal = GoAway(.overloaded, "too many senders", retryAfterMilliseconds: 9)
        #expect(server.refuse(refusal, now: start).goAway == refusal)
        #expect(server.senderFound(storedSequence: 0, now: start).isEmpty)
    }

    @Test func `with nothing on its way to the store, a drain says GoAway at once, whatever the state`() {
        for var server in [ServerSession(settings: ServerSettings(), now: start), lookingUp(), welcomedServer()] {
            let actions = server.drain(retryAfter: .seconds(2), now: start)
            #expect(actions.goAway == GoAway(.shuttingDown, "the collector shuts down", retryAfterMilliseconds: 2000))
            #expect(actions.outcome != nil)
            #expect(server.nextDeadline == nil)
            #expect(server.drain(retryAfter: .seconds(2), now: start).isEmpty)
        }
    }

    @Test func `a connection on its way out is ended by a failing store and by a newer connection`() {
        var server = welcomedServer()
        _ = server.received((batchFrame(1) + frame(4, [])).rawSpan, now: start)
        var superseded = server
        #expect(server.batchFailed(retryAfter: .seconds(1), now: start).goAway?.code == .overloaded)
        #expect(superseded.superseded(now: start).outcome != nil)
        #expect(superseded.batchesStored([StoredBatch(sequence: 1)], now: start).isEmpty)
    }

    @Test func `a fault waits ten seconds for the store and not longer`() {
        var server = welcomedServer()
        _ = server.received((batchFrame(1) + frame(99, [])).rawSpan, now: start)
        #expect(server.nextDeadline == .at(.seconds(10)))
        let end = server.timeout(now: .at(.seconds(10)))
        #expect(end.acks.isEmpty)
        #expect(end.goAway?.message.hasPrefix("unknown_kind in frame 3") == true)
    }

    @Test func `nothing follows the loss of a connection`() {
        var server = welcomedServer()
        _ = server.received(batchFrame(1).rawSpan, now: start)
        server.connectionClosed(now: start)
        #expect(server.batchesStored([StoredBatch(sequence: 1)], now: start).isEmpty)
        #expect(server.batchFailed(retryAfter: .zero, now: start).isEmpty)
        #expect(server.received(batchFrame(2).rawSpan, now: start).isEmpty)
        #expect(server.timeout(now: .at(.seconds(99))).isEmpty)
        #expect(server.heldBytes == 0)
    }

    @Test func `an ack may skip, and carries the sum of what it covers: bytes, refusals, and the first reason`() throws
    {
        var server = welcomedServer()
        var length = 0
        for sequence in [2, 5, 9] as [UInt64] {
            var spans = spanBatch(0..<2)
            spans.resourceSpans[0].scopeSpans[0].spans[1].traceID = .invalid
            let bytes = frame(.batch, Batch(spans: spans, sequence: sequence))
            length += bytes.count - FrameHead.byteCount
            #expect(server.received(bytes.rawSpan, now: start).stores.count == 1)
        }
        let acks = server.batchesStored([StoredBatch(sequence: 9, rejectedSpans: 1, message: "late")], now: start).acks
        let ack = try #require(acks.first)
        #expect(acks.count == 1 && ack.sequence == 9)
        #expect(ack.creditBytes == UInt64(length))
        #expect(ack.partialSuccess?.rejectedSpans == 4)
        #expect(ack.partialSuccess?.errorMessage.hasPrefix("1 span rejected, the first: ") == true)
    }

    @Test func `credit that comes back can be taken again, to the byte`() {
        let bytes = batchFrame(1)
        let length = bytes.count - FrameHead.byteCount
        var server = welcomedServer(ServerSettings(creditBytes: UInt64(2 * length)))
        #expect(server.received((bytes + batchFrame(2)).rawSpan, now: start).faults.isEmpty)
        #expect(server.credit == 0)
        _ = server.batchesStored([StoredBatch(sequence: 1)], now: start)
        #expect(server.credit == length)
        #expect(server.received(batchFrame(3).rawSpan, now: start).faults.isEmpty)
        #expect(server.received(batchFrame(4).rawSpan, now: start).faults.map(\.code) == [.creditExceeded])
    }

    @Test func `answers stay below what the sender accepts, of which less than 1 KiB counts as 1 KiB`() throws {
        var server = ServerSession(settings: ServerSettings(), now: start)
        _ = server.received(frame(.hello, Hello(senderID: aliceID, maxFrameBytes: 1)).rawSpan, now: start)
        _ = server.senderFound(storedSequence: 0, now: start)
        _ = server.received(batchFrame(1).rawSpan, now: start)
        let long = String(repeating: "wörd ", count: 2000)
        let acked = server.batchesStored([StoredBatch(sequence: 1, message: long)], now: start)
        let message = try #require(acked.acks.first?.partialSuccess?.errorMessage)
        #expect(!message.isEmpty && long.hasPrefix(message))
        let refused = server.refuse(GoAway(.overloaded, long, retryAfterMilliseconds: 1), now: start)
        #expect((acked.sent + refused.sent).allSatisfy { $0.head.length <= 1024 })
    }

    @Test func `the pong to a collector's ping, and a ping in mid-frame, count as life`() {
        var server = welcomedServer()
        let half = batchFrame(1).prefix(9)
        _ = server.received(Array(half).rawSpan, now: .at(.seconds(14)))
        #expect(server.nextDeadline == .at(.seconds(29)))
        #expect(server.timeout(now: .at(.seconds(29))).sent.map(\.head.kind) == [.ping])
        // Neither the silence nor the frame's own 30 seconds are over before the earlier of both.
        #expect(server.nextDeadline == .at(.seconds(44)))
        #expect(server.timeout(now: .at(.seconds(44))).outcome == .timedOut)
    }

    @Test func `a sender that takes no answers for 30 seconds is given up`() {
        var server = welcomedServer()
        // While its answers are stuck nothing more is read from it, so nothing else would come.
        server.setAnswersTaken(false, now: .at(.seconds(1)))
        server.setListening(false, now: .at(.seconds(1)))
        server.setAnswersTaken(false, now: .at(.seconds(20)))
        #expect(server.nextDeadline == .at(.seconds(31)))
        #expect(server.timeout(now: .at(.seconds(30))).isEmpty)
        var reader = server
        reader.setAnswersTaken(true, now: .at(.seconds(30)))
        reader.setListening(true, now: .at(.seconds(30)))
        #expect(reader.timeout(now: .at(.seconds(31))).outcome == nil)
        let ended = server.timeout(now: .at(.seconds(31)))
        #expect(ended.outcome == .timedOut)
        #expect(ended.faults.map(\.code) == [.timedOut])
    }

    @Test(arguments: HeavyBatch.all)
    func `a batch of few bytes that would be much memory is a fault before it is decoded`(_ heavy: HeavyBatch) {
        let settings = ServerSettings(maxBatchWeight: heavy.weight)
        var server = ServerSession(settings: settings, now: start)
        _ = server.received(frame(.hello, Hello(senderID: aliceID)).rawSpan, now: start)
        _ = server.senderFound(storedSequence: 0, now: start)
        var tight = server
        let bytes = FrameHead(.batch, length: UInt32(heavy.payload.count)).bytes + heavy.payload
        #expect(server.received(bytes.rawSpan, now: start).stores.map(\.weight) == [heavy.weight])
        tight.settings.maxBatchWeight = heavy.weight - 1
        let actions = tight.received(bytes.rawSpan, now: start)
        #expect(actions.stores.isEmpty)
        #expect(actions.goAway?.code == .frameTooLarge)
    }

    @Test func `a batch of more spans than the collector takes is a fault, and one of as many is not`() {
        var server = ServerSession(settings: ServerSettings(maxBatchWeight: 3), now: start)
        _ = server.received(frame(.hello, Hello(senderID: aliceID)).rawSpan, now: start)
        _ = server.senderFound(storedSequence: 0, now: start)
        let fits = frame(.batch, Batch(spans: spanBatch(0..<3), sequence: 1))
        #expect(server.received(fits.rawSpan, now: start).stores.map(\.spanCount) == [3])
        let tooMany = frame(.batch, Batch(spans: spanBatch(0..<4), sequence: 2))
        #expect(server.received(tooMany.rawSpan, now: start).stores.isEmpty)
        let goAway = server.batchesStored([StoredBatch(sequence: 1)], now: start).goAway
        #expect(goAway?.code == .frameTooLarge)
        #expect(
            goAway?.message
                == "frame_too_large in frame 3: a Batch of 4 spans, 2 events, links, resources, entities and scopes, and "
                + "1 attributes, elements of lists and drop counts weighs 4, max_batch_weight is 3")
    }

    @Test func `a connection that is not read is given signs of life, and owes none`() {
        var server = welcomedServer()
        _ = server.received(Array(batchFrame(1).dropLast(3)).rawSpan, now: start)
        server.setListening(false, now: start)
        for seconds in stride(from: 15, through: 3600, by: 15) {
            #expect(server.nextDeadline == .at(.seconds(seconds)))
            #expect(server.timeout(now: .at(.milliseconds(seconds * 1000 - 1))).isEmpty)
            let actions = server.timeout(now: .at(.seconds(seconds)))
            #expect(actions.sent.map(\.head.kind) == [.ping] && actions.count == 1)
        }
        // From here on the frame has to get on again.
        server.setListening(true, now: .at(.seconds(3600)))
        #expect(server.nextDeadline == .at(.seconds(3615)))
        #expect(server.timeout(now: .at(.seconds(3629))).goAway == nil)
        #expect(server.timeout(now: .at(.seconds(3630))).outcome == .timedOut)
    }

    @Test func `a connection that is older than the sender's other one is sent away for a while`() {
        var server = lookingUp()
        let actions = server.outdated(now: start)
        #expect(
            actions.goAway
                == GoAway(.overloaded, "a newer connection of this sender_id is open", retryAfterMilliseconds: 1000))
        #expect(actions.outcome != nil)
        #expect(server.senderFound(storedSequence: 0, now: start).isEmpty)
        var open = welcomedServer()
        #expect(open.outdated(now: start).isEmpty)
    }

    @Test func `a sender numbers its connections from where it is told to`() throws {
        var client = ClientSession(settings: ClientSettings(senderID: aliceID, firstConnection: 7 << 16, seed: 1))
        _ = client.start(now: start)
        let first = try #require(client.connectionOpened(client.lastConnection, now: start).sent.first)
        #expect(try Hello(decoding: first.payload).connection == 7 << 16 + 1)
    }
}

/// 64 of the smallest messages of one kind, in a batch with sequence 1.
struct HeavyBatch: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var payload: [UInt8]
    /// In smallest spans.
    var weight: Int

    private static func field(_ key: UInt8, _ content: [UInt8]) -> [UInt8] {
        precondition(content.count < 1 << 14)
        return [key, UInt8(content.count & 0x7F | 0x80), UInt8(content.count >> 7)] + content
    }

    private static func many(_ piece: [UInt8]) -> [UInt8] { (0..<64).flatMap { _ in piece } }

    private static func batch(_ groups: [UInt8]) -> [UInt8] { groups + [0xC8, 0x3E, 1] }

    private static func span(_ fields: [UInt8]) -> [UInt8] {
        let ids = field(0x0A, [UInt8](repeating: 1, count: 16)) + field(0x12, [UInt8](repeating: 2, count: 8))
        return batch(field(0x0A, field(0x12, field(0x12, ids + fields))))
    }

    private static func list(_ key: UInt8) -> [UInt8] {
        span(field(0x4A, field(0x12, field(key, many([0x0A, 0x00])))))
    }

    static let all = [
        HeavyBatch(testDescription: "events", payload: span(many([0x5A, 0])), weight: 1 + (4 * 66) / 16),
        HeavyBatch(testDescription: "links", payload: span(many([0x6A, 0])), weight: 1 + (4 * 66) / 16),
        HeavyBatch(testDescription: "attributes", payload: span(many([0x4A, 0])), weight: 1 + (4 * 2 + 64) / 16),
        HeavyBatch(testDescription: "array", payload: list(0x2A), weight: 1 + (4 * 2 + 65) / 16),
        HeavyBatch(testDescription: "key-value list", payload: list(0x32), weight: 1 + (4 * 2 + 65) / 16),
        HeavyBatch(testDescription: "resources", payload: batch(many([0x0A, 0])), weight: 4 * 64 / 16),
        HeavyBatch(testDescription: "scopes", payload: batch(field(0x0A, many([0x12, 0]))), weight: 4 * 65 / 16),
        HeavyBatch(
            testDescription: "spans without ids", payload: batch(field(0x0A, field(0x12, many([0x12, 0])))), weight: 64),
    ]
}
