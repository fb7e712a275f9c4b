import ProtoWire
import SpanModel
import Testing

@testable import SpanSession

/// Rows and rules of docs/protocol.md at the sender that no other test is about; docs/protocol-tests.md has them all.
struct SenderTransitionTests {
    let start = SessionInstant.at(.zero)

    func fresh() -> ClientSession { ClientSession(settings: ClientSettings(senderID: aliceID, seed: 1)) }

    func connecting() -> ClientSession {
        var client = fresh()
        _ = client.start(now: start)
        return client
    }

    func greeting() -> ClientSession {
        var client = connecting()
        _ = client.connectionOpened(firstConnection, now: start)
        return client
    }

    func waiting() -> ClientSession {
        var client = connecting()
        _ = client.connectionClosed(firstConnection, now: start)
        return client
    }

    func receive(_ client: inout ClientSession, _ bytes: [UInt8], at now: SessionInstant = .at(.zero)) -> [ClientAction]
    {
        client.received(bytes.rawSpan, on: client.lastConnection, now: now)
    }

    /// Waits, connects, and is welcomed.
    func comeBack(_ client: inout ClientSession, _ welcome: Welcome) -> [ClientAction] {
        let due = client.nextDeadline ?? start
        _ = client.timeout(now: due)
        _ = client.connectionOpened(client.lastConnection, now: due)
        return receive(&client, frame(.welcome, welcome), at: due)
    }

    @Test func `a connection that cannot be opened, or is lost in the greeting, is tried again after a wait`() {
        for var client in [connecting(), greeting()] {
            let actions = client.connectionClosed(firstConnection, now: start)
            #expect(actions.errors.map(\.code) == [.connectionLost])
            #expect(!actions.isClosing)
            let due = client.nextDeadline ?? start
            #expect(due <= .at(.milliseconds(100)))
            #expect(client.timeout(now: due) == [.connect(ClientConnectionID(rawValue: 2))])
        }
    }

    @Test(arguments: [frame(.ack, Ack(sequence: 0)), frame(5, []), frame(3, []), frame(1, []), frame(9, [])])
    func `whatever comes in the greeting but Welcome and GoAway is a fault of the collector`(bytes: [UInt8]) {
        var client = greeting()
        let actions = receive(&client, bytes)
        #expect(actions.errors.count == 1)
        #expect(actions.isClosing)
        #expect(client.nextDeadline != nil)
    }

    @Test func `a GoAway in the greeting is obeyed as one later is`() {
        var back = greeting()
        let actions = receive(&back, frame(.goAway, GoAway(.shuttingDown, retryAfterMilliseconds: 5000)))
        #expect(actions.errors.map(\.code) == [.goneAway])
        #expect(back.nextDeadline.map { $0 >= .at(.seconds(5)) } == true)
        var never = greeting()
        let goAway = GoAway(.unauthenticated, "no", retryAfterMilliseconds: 1)
        #expect(receive(&never, frame(.goAway, goAway)).outcome == .refused(goAway))
    }

    @Test func `a ping of the collector is answered with its token, and a pong starts the backoff over`() {
        var client = welcomedClient()
        let answer = receive(&client, frame(.ping, Ping(token: 1 << 50)))
        #expect(answer == [.send(OutgoingFrame(.pong, Pong(token: 1 << 50)))])
        client.attempt = 7
        #expect(receive(&client, frame(.pong, Pong(token: 1))).isEmpty)
        #expect(client.attempt == 0)
    }

    @Test func `any byte is a sign of life, and a frame must get on within 30 seconds`() {
        var client = welcomedClient(
            settings: ClientSettings(senderID: aliceID, timing: .init(silence: .seconds(99)), seed: 1))
        let ack = frame(.ack, Ack(sequence: 0))
        for (second, byte) in ack.dropLast().enumerated() {
            _ = receive(&client, [byte], at: .at(.seconds(second * 20)))
        }
        let last = SessionInstant.at(.seconds((ack.count - 2) * 20))
        #expect(client.nextDeadline == last.advanced(by: .seconds(30)))
        #expect(client.timeout(now: last.advanced(by: .seconds(29))).isEmpty)
        let end = client.timeout(now: last.advanced(by: .seconds(30)))
        #expect(end.errors.map(\.code) == [.timedOut])
        #expect(end.isClosing)
    }

    @Test func `abandon ends any state, gives everything back, and closes what is open`() {
        for (var client, hasConnection) in [
            (fresh(), false), (connecting(), true), (greeting(), true), (welcomedClient(), true), (waiting(), false),
        ] {
            _ = client.send(encodedBatch(0..<2, ordinal: 1), now: start)
            let actions = client.abandon(.shutdown, now: start)
            #expect(actions.receipts.map(\.dropReason) == [.shutdown])
            #expect(actions.isClosing == hasConnection)
            #expect(actions.outcome == .abandoned)
            #expect(client.nextDeadline == nil)
            #expect(client.heldBytes == 0)
            #expect(client.abandon(.shutdown, now: start).isEmpty)
        }
    }

    @Test func `goodbye before the welcome waits for it, delivers, and then says goodbye`() {
        for var client in [connecting(), greeting()] {
            _ = client.send(encodedBatch(0..<2, ordinal: 1), now: start)
            #expect(client.goodbye(now: start).isEmpty)
            _ = client.connectionOpened(firstConnection, now: start)
            let welcomed = receive(&client, frame(.welcome, Welcome(creditBytes: 1000)))
            #expect(welcomed.sent.map(\.head.kind) == [.batch, .goodbye])
            #expect(receive(&client, frame(.ack, Ack(sequence: 1))).outcome == .saidGoodbye)
        }
        var idle = fresh()
        #expect(idle.goodbye(now: start).outcome == .saidGoodbye)
    }

    @Test func `drop counts stay with their number however often it is sent, and later ones go with later numbers`() {
        var client = welcomedClient()
        _ = client.reportDropped([DropCount(reason: "queue_full", spans: 3)], now: start)
        _ = client.connectionClosed(client.lastConnection, now: start)
        _ = client.reportDropped([DropCount(reason: "queue_full", spans: 4)], now: start)
        _ = client.send(encodedBatch(0..<1, ordinal: 1), now: start)
        let again = comeBack(&client, Welcome(creditBytes: 1 << 20))
        #expect(again.batches.map(\.sequence) == [1, 2])
        #expect(again.batches.map { $0.dropped.map(\.spans) } == [[3], [4]])
        _ = client.connectionClosed(client.lastConnection, now: start)
        let third = comeBack(&client, Welcome(storedSequence: 1, creditBytes: 1 << 20))
        #expect(third.batches.map { $0.dropped.map(\.spans) } == [[4]])
    }

    @Test func `drop counts that do not fit into one frame are told in several`() {
        let counts = (1...10).map { DropCount(reason: "\($0)" + String(repeating: "x", count: 50), spans: UInt64($0)) }
        var client = welcomedClient(Welcome(maxFrameBytes: 200, creditBytes: 1 << 20))
        var told = client.reportDropped(counts, now: start).batches
        for _ in 1...10 {
            guard let last = told.last else { break }
            told += receive(&client, frame(.ack, Ack(sequence: last.sequence))).batches
        }
        #expect(told.flatMap(\.dropped) == counts)
        #expect(client.isIdle)
        // As well when they had a number already, at a collector with larger frames.
        var small = welcomedClient()
        _ = small.reportDropped(counts, now: start)
        _ = small.connectionClosed(small.lastConnection, now: start)
        told = comeBack(&small, Welcome(maxFrameBytes: 200, creditBytes: 1 << 20)).batches
        for _ in 1...10 {
            guard let last = told.last else { break }
            told += receive(&small, frame(.ack, Ack(sequence: last.sequence)), at: .at(.seconds(1))).batches
        }
        #expect(told.flatMap(\.dropped) == counts)
        // On the way out without waiting for each other, and beside spans as far as there is room.
        var leaving = welcomedClient(Welcome(maxFrameBytes: 200, creditBytes: 1 << 20))
        _ = leaving.send(encodedBatch(0..<1, ordinal: 1), now: start)
        _ = leaving.reportDropped(counts, now: start)
        let actions = leaving.goodbye(now: start)
        #expect(actions.batches.flatMap(\.dropped) == counts)
        #expect(actions.sent.allSatisfy { $0.head.length <= 200 })
        #expect(actions.sent.last?.head.kind == .goodbye)
    }

    @Test func `spans that were refused count as stored when their ack is lost`() {
        var client = welcomedClient()
        _ = client.send(encodedBatch(0..<3, ordinal: 1), now: start)
        _ = client.connectionClosed(client.lastConnection, now: start)
        let actions = comeBack(&client, Welcome(storedSequence: 1, creditBytes: 1 << 20))
        #expect(actions.receipts == [BatchReceipt(ordinal: 1, spans: 3, queuedBytes: encodedBatch(0..<3).queuedBytes)])
        #expect(actions.sent.isEmpty)
    }

    @Test func `a wait is as long as it says, and nothing happens in it but the keeping of batches`() {
        var client = waiting()
        let due = client.nextDeadline ?? start
        #expect(due > start)
        #expect(client.send(encodedBatch(0..<1, ordinal: 1), now: start).isEmpty)
        #expect(!client.wantsBatch)
        #expect(receive(&client, frame(.ack, Ack(sequence: 1))).isEmpty)
        #expect(client.timeout(now: SessionInstant(nanoseconds: due.nanoseconds - 1)).isEmpty)
        #expect(client.timeout(now: due) == [.connect(ClientConnectionID(rawValue: 2))])
    }

    @Test func `credit is counted to the byte, below zero and back`() {
        let length = encodedBatch(0..<9).payload.count + 3
        var client = welcomedClient(Welcome(creditBytes: 100))
        _ = client.send(encodedBatch(0..<9, ordinal: 1), now: start)
        #expect(client.credit == 100 - length)
        _ = receive(&client, frame(.ack, Ack(sequence: 1, creditBytes: UInt64(length))))
        #expect(client.credit == 100)
        _ = receive(&client, frame(.ack, Ack(sequence: 1, creditBytes: .max)))
        #expect(client.credit == 1 << 53)
    }
}
