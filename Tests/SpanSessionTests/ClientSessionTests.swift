import ProtoWire
import SpanModel
import Testing

@testable import SpanSession

struct ClientSessionTests {
    let start = SessionInstant.at(.zero)

    func receive(_ client: inout ClientSession, _ bytes: [UInt8], at now: SessionInstant = .at(.zero)) -> [ClientAction]
    {
        client.received(bytes.rawSpan, on: client.lastConnection, now: now)
    }

    /// Loses the connection and opens the next one, past its welcome.
    func reconnect(_ client: inout ClientSession, _ welcome: Welcome) -> [ClientAction] {
        _ = client.connectionClosed(client.lastConnection, now: start)
        let due = client.nextDeadline ?? start
        #expect(client.timeout(now: due) == [.connect(client.lastConnection)])
        _ = client.connectionOpened(client.lastConnection, now: due)
        return receive(&client, frame(.welcome, welcome), at: due)
    }

    @Test func `it connects, greets, and sends nothing before the welcome`() throws {
        var client = ClientSession(settings: ClientSettings(senderID: aliceID, agent: "s/1", bearerToken: "t", seed: 1))
        #expect(client.start(now: start) == [.connect(firstConnection)])
        #expect(client.send(encodedBatch(0..<2, ordinal: 1), now: start).isEmpty)
        let opened = client.connectionOpened(firstConnection, now: start)
        let hello = try Hello(decoding: #require(opened.sent.first).payload)
        #expect(
            hello
                == Hello(
                    senderID: aliceID, agent: "s/1", compressions: [.identity], bearerToken: "t",
                    maxFrameBytes: 64 << 20, connection: 1))
        let welcomed = receive(&client, frame(.welcome, Welcome(creditBytes: 1000)))
        #expect(welcomed.batches.map(\.sequence) == [1])
        #expect(welcomed.batches.first?.spans == spanBatch(0..<2))
    }

    @Test func `batches are pipelined as far as the credit goes and settled by cumulative acks`() {
        let size = encodedBatch(0..<1).payload.count + 3
        var client = welcomedClient(Welcome(creditBytes: UInt64(size * 2 + 12)))
        var sent: [Batch] = []
        for ordinal in 1...4 as ClosedRange<UInt64> {
            sent += client.send(encodedBatch(0..<1, ordinal: ordinal), now: start).batches
        }
        #expect(sent.map(\.sequence) == [1, 2])
        #expect(!client.wantsBatch)
        let acked = receive(&client, frame(.ack, Ack(sequence: 2, creditBytes: UInt64(size * 2))))
        #expect(acked.receipts.map(\.ordinal) == [1, 2])
        #expect(acked.receipts.allSatisfy { $0.dropReason == nil && $0.spans == 1 })
        #expect(acked.batches.map(\.sequence) == [3, 4])
    }

    @Test func `with nothing outstanding one frame goes out whatever the credit`() {
        var client = welcomedClient(Welcome(creditBytes: 0))
        #expect(client.wantsBatch)
        #expect(client.send(encodedBatch(0..<9), now: start).batches.count == 1)
        #expect(client.send(encodedBatch(0..<1), now: start).batches.isEmpty)
        #expect(receive(&client, frame(.ack, Ack(sequence: 1))).batches.map(\.sequence) == [2])
    }

    @Test func `after a reconnect everything above the stored sequence is sent again, byte for byte`() {
        var client = welcomedClient()
        var sent: [OutgoingFrame] = []
        for ordinal in 1...3 as ClosedRange<UInt64> {
            sent += client.send(encodedBatch(0..<Int(ordinal), ordinal: ordinal), now: start).sent
        }
        let again = reconnect(&client, Welcome(storedSequence: 1, creditBytes: 1 << 20))
        #expect(again.receipts.map(\.ordinal) == [1])
        #expect(again.sent == Array(sent[1...]))
    }

    @Test func `a batch too large for the collector is split, and a span too large is given up alone`() throws {
        var spans = spanBatch(0..<6)
        spans.resourceSpans[0].scopeSpans[0].spans[2].name = String(repeating: "n", count: 500)
        let batch = EncodedBatch(spans, ordinal: 9)
        var client = welcomedClient(Welcome(maxFrameBytes: 200, creditBytes: 1 << 20))
        let actions = client.send(batch, now: start)
        #expect(actions.sent.allSatisfy { $0.head.length <= 200 })
        #expect(actions.sent.count > 1)
        let received = actions.batches.flatMap { Array($0.spans.spans) }
        #expect(received.map(\.spanID.value) == [1, 2, 4, 5, 6])
        #expect(actions.batches.allSatisfy { $0.spans.resourceSpans[0].resource == spans.resourceSpans[0].resource })
        #expect(actions.batches.flatMap(\.dropped) == [DropCount(reason: "span_too_large", spans: 1)])
        let last = try #require(actions.batches.last).sequence
        let acked = receive(&client, frame(.ack, Ack(sequence: last)))
        let receipts = actions.receipts + acked.receipts
        #expect(receipts.reduce(0) { $0 + $1.spans } == 6)
        #expect(receipts.reduce(0) { $0 + $1.queuedBytes } == batch.queuedBytes)
        #expect(receipts.filter { $0.dropReason == .spanTooLarge }.map(\.spans) == [1])
    }

    @Test func `a batch that was sent keeps its number's content: split later, its parts get new numbers`() {
        var client = welcomedClient()
        _ = client.send(encodedBatch(0..<4, ordinal: 1), now: start)
        _ = client.send(encodedBatch(4..<5, ordinal: 2), now: start)
        let again = reconnect(&client, Welcome(maxFrameBytes: 200, creditBytes: 1 << 20))
        #expect(again.batches.first?.sequence == 2)
        #expect(again.batches.dropFirst().allSatisfy { $0.sequence > 2 })
        #expect(again.batches.flatMap { Array($0.spans.spans) }.count == 5)
    }

    @Test func `a limit that leaves room for nothing gives up with a count and does not hang`() {
        var client = welcomedClient(Welcome(maxFrameBytes: 5, creditBytes: 100))
        let actions = client.send(encodedBatch(0..<3, ordinal: 1), now: start)
        #expect(
            actions.receipts == [
                BatchReceipt(
                    ordinal: 1, spans: 3, queuedBytes: encodedBatch(0..<3).queuedBytes, dropReason: .spanTooLarge)
            ])
        #expect(client.goodbye(now: start).outcome == .saidGoodbye)
    }

    @Test func `drops are told with the next batch, or by an empty one`() {
        var client = welcomedClient()
        let told = client.reportDropped([DropCount(reason: "queue_full", spans: 3)], now: start)
        #expect(told.batches == [Batch(sequence: 1, dropped: [DropCount(reason: "queue_full", spans: 3)])])
        #expect(client.reportDropped([DropCount(reason: "queue_full", spans: 4)], now: start).isEmpty)
        let next = client.send(encodedBatch(0..<1), now: start)
        #expect(next.batches.first?.dropped == [DropCount(reason: "queue_full", spans: 4)])
        #expect(receive(&client, frame(.ack, Ack(sequence: 2))).receipts.count == 1)
    }

    @Test func `with tellsNumbers a number is told before it is used, and with what`() {
        var settings = ClientSettings(senderID: aliceID, seed: 1)
        settings.tellsNumbers = true
        var client = welcomedClient(settings: settings)
        let drop = [DropCount(reason: "queue_full", spans: 3)]
        #expect(
            client.reportDropped(drop, now: start).first
                == .numbered(
                    NumberedBatch(sequence: 1, ordinal: 0, firstSpan: 0, spanCount: 0, dropped: drop)))
        let sent = client.send(encodedBatch(0..<4, ordinal: 7), now: start)
        #expect(sent.first == .numbered(NumberedBatch(sequence: 2, ordinal: 7, firstSpan: 0, spanCount: 4)))
        #expect(sent.count == 2 && sent.batches.map(\.sequence) == [2])
        // Sent again, it keeps its number, and nothing is told anew.
        let again = reconnect(&client, Welcome(storedSequence: 1, creditBytes: 1 << 20))
        #expect(again.contains(.acknowledged(through: 1)) && again.batches.map(\.sequence) == [2])
        #expect(!again.contains { if case .numbered = $0 { true } else { false } })
        #expect(
            receive(&client, frame(.ack, Ack(sequence: 2))).prefix(1) == [.acknowledged(through: 2)])
    }

    @Test func `with tellsNumbers a split is told: the number that is skipped, then the runs`() {
        var settings = ClientSettings(senderID: aliceID, seed: 1)
        settings.tellsNumbers = true
        var client = welcomedClient(settings: settings)
        _ = client.send(encodedBatch(0..<4, ordinal: 7), now: start)
        let again = reconnect(&client, Welcome(maxFrameBytes: 200, creditBytes: 1 << 20))
        var told: [Range<Int>] = []
        var numbers: [UInt64] = []
        for action in again {
            if case .numbered(let batch) = action {
                #expect(batch.ordinal == 7)
                told.append(batch.firstSpan..<batch.firstSpan + batch.spanCount)
                numbers.append(batch.sequence)
            }
        }
        #expect(told.count > 1 && told.flatMap(Array.init) == [0, 1, 2, 3])
        #expect(numbers == again.batches.map(\.sequence) && numbers.first == 2)
        let skipped = again.firstIndex(of: .unnumbered(1))
        let first = again.firstIndex { if case .numbered = $0 { true } else { false } }
        #expect(skipped != nil && first != nil && skipped! < first!)
    }

    @Test func `numbers of an earlier incarnation are not given anew, whatever the collector has`() {
        var client = ClientSession(settings: ClientSettings(senderID: aliceID, seed: 1))
        client.restore([RestoredBatch(batch: encodedBatch(0..<1, ordinal: 1), sequence: 3)], highestSequence: 9)
        _ = client.start(now: start)
        client.restore([RestoredBatch(batch: encodedBatch(5..<6, ordinal: 5), sequence: 4)], highestSequence: 20)
        _ = client.connectionOpened(firstConnection, now: start)
        let welcomed = receive(&client, frame(.welcome, Welcome(storedSequence: 2, creditBytes: 1000)))
        #expect(welcomed.batches.map(\.sequence) == [3])
        #expect(client.send(encodedBatch(1..<2, ordinal: 2), now: start).batches.map(\.sequence) == [10])
    }

    @Test func `goodbye waits for the last ack`() {
        var client = welcomedClient()
        _ = client.send(encodedBatch(0..<1, ordinal: 1), now: start)
        #expect(client.goodbye(now: start).sent.map(\.head.kind) == [.goodbye])
        #expect(client.send(encodedBatch(0..<1, ordinal: 2), now: start).receipts.map(\.dropReason) == [.shutdown])
        let end = receive(&client, frame(.ack, Ack(sequence: 1)))
        #expect(end.receipts.map(\.ordinal) == [1])
        #expect(end.outcome == .saidGoodbye)
        #expect(client.nextDeadline == nil)
    }

    @Test func `goodbye on a lost connection comes back for what is not acknowledged, and only then`() {
        var client = welcomedClient()
        _ = client.send(encodedBatch(0..<1, ordinal: 1), now: start)
        _ = client.goodbye(now: start)
        let again = reconnect(&client, Welcome(creditBytes: 100))
        #expect(again.sent.map(\.head.kind) == [.batch, .goodbye])
        var idle = welcomedClient()
        _ = idle.connectionClosed(firstConnection, now: start)
        #expect(idle.goodbye(now: start) == [.finished(.saidGoodbye)])
    }

    @Test func `abandon gives every batch back with its reason`() {
        var client = welcomedClient()
        _ = client.send(encodedBatch(0..<2, ordinal: 1), now: start)
        _ = client.connectionClosed(firstConnection, now: start)
        _ = client.send(encodedBatch(0..<3, ordinal: 2), now: start)
        let actions = client.abandon(.shutdown, now: start)
        #expect(actions.receipts.map(\.spans) == [2, 3])
        #expect(actions.receipts.allSatisfy { $0.dropReason == .shutdown })
        #expect(actions.last == .finished(.abandoned))
    }

    @Test(arguments: [
        GoAway(.unauthenticated, "no", retryAfterMilliseconds: 5), GoAway(.unsupportedVersion),
        GoAway(.protocolError, "x"),
        GoAway(.init(rawValue: 99)),
    ])
    func `a final GoAway ends the session and keeps the batches for the caller to judge`(goAway: GoAway) {
        var client = welcomedClient()
        _ = client.send(encodedBatch(0..<2, ordinal: 1), now: start)
        let actions = receive(&client, frame(.goAway, goAway))
        #expect(actions == [.close(firstConnection), .finished(.refused(goAway))])
        #expect(client.nextDeadline == nil)
        #expect(!client.wantsBatch)
        #expect(client.send(encodedBatch(0..<1, ordinal: 2), now: start).receipts.map(\.dropReason) == [.refused])
        #expect(client.abandon(.refused, now: start).receipts.map(\.ordinal) == [1])
    }

    @Test func `a GoAway with a delay is obeyed`() {
        var client = welcomedClient()
        let actions = receive(&client, frame(.goAway, GoAway(.overloaded, retryAfterMilliseconds: 7000)))
        #expect(actions.errors.map(\.code) == [.goneAway])
        let due = client.nextDeadline ?? start
        #expect(due >= .at(.milliseconds(7000)))
        #expect(due <= .at(.milliseconds(7100)))
        #expect(client.timeout(now: .at(.milliseconds(6999))).isEmpty)
    }

    @Test func `no GoAway keeps a sender away for longer than an hour`() throws {
        var client = welcomedClient()
        _ = receive(&client, frame(.goAway, GoAway(.overloaded, "busy", retryAfterMilliseconds: .max)))
        let due = try #require(client.nextDeadline)
        #expect(due >= start.advanced(by: .seconds(3600)))
        #expect(due <= start.advanced(by: .seconds(3601)))
    }

    @Test func `a welcome that has stored more starts the backoff over, and one that has not does not`() {
        var client = welcomedClient()
        _ = client.send(encodedBatch(0..<1, ordinal: 1), now: start)
        for _ in 0..<3 {
            _ = client.connectionClosed(client.lastConnection, now: start)
            _ = client.timeout(now: client.nextDeadline ?? start)
        }
        #expect(client.attempt == 3)
        _ = client.connectionOpened(client.lastConnection, now: start)
        _ = receive(&client, frame(.welcome, Welcome(storedSequence: 1, creditBytes: 1000)))
        #expect(client.attempt == 0)
    }

    @Test func `waits double up to thirty seconds, are jittered in full, and start over after an ack`() {
        var client = welcomedClient()
        var ceilings: [Duration] = []
        for attempt in 0..<12 {
            ceilings.append(client.settings.backoff.ceiling(attempt: attempt))
            _ = client.connectionClosed(client.lastConnection, now: start)
            let due = client.nextDeadline ?? start
            #expect(due <= start.advanced(by: ceilings[attempt]))
            _ = client.timeout(now: due)
        }
        #expect(ceilings.prefix(3) == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        #expect(ceilings.last == .seconds(30))
        #expect(client.attempt == 12)
        _ = client.connectionOpened(client.lastConnection, now: start)
        _ = receive(&client, frame(.welcome, Welcome(creditBytes: 1)))
        #expect(client.attempt == 12)
        _ = receive(&client, frame(.ack, Ack(sequence: 0)))
        #expect(client.attempt == 0)
    }

    @Test(arguments: [
        (frame(.ack, Ack(sequence: 2)), SessionError.Code.invalidSequence),
        (frame(.welcome, Welcome(creditBytes: 1)), .unexpectedFrame),
        (batchFrame(1), .unexpectedFrame),
        (frame(7, []), .unexpectedFrame),
        (frame(9, []), .unknownKind),
        (frame(0x84, []), .unexpectedCompression),
        ([4, 0xFF, 0xFF, 0xFF, 0xFF], .frameTooLarge),
        (frame(4, [0x0A]), .malformedMessage),
    ])
    func `a collector that breaks the rules is left and tried again`(bytes: [UInt8], code: SessionError.Code) {
        var client = welcomedClient()
        _ = client.send(encodedBatch(0..<1, ordinal: 1), now: start)
        let actions = receive(&client, bytes + frame(.ack, Ack(sequence: 1)))
        #expect(actions.errors.map(\.code) == [code])
        #expect(actions.isClosing)
        #expect(actions.receipts.isEmpty)
        #expect(client.nextDeadline != nil)
    }

    @Test(arguments: [
        (Welcome(protocolVersion: 2, creditBytes: 1), true), (Welcome(compression: .gzip, creditBytes: 1), false),
        (Welcome(storedSequence: .max, creditBytes: 1), false),
    ])
    func `a welcome that cannot be lived with is none`(welcome: Welcome, isFinal: Bool) {
        var client = ClientSession(settings: ClientSettings(senderID: aliceID, seed: 1))
        _ = client.start(now: start)
        _ = client.connectionOpened(firstConnection, now: start)
        let actions = receive(&client, frame(.welcome, welcome))
        #expect(actions.isClosing)
        #expect((actions.outcome != nil) == isFinal)
    }

    @Test func `a sender goes on above what is stored of it`() {
        var client = welcomedClient(Welcome(storedSequence: 41, creditBytes: .max))
        #expect(client.send(encodedBatch(0..<1), now: start).batches.map(\.sequence) == [42])
    }

    @Test func `no connection, no welcome and no answer each end the attempt in time`() {
        var client = ClientSession(settings: ClientSettings(senderID: aliceID, seed: 1))
        _ = client.start(now: start)
        var greeting = client
        #expect(client.nextDeadline == .at(.seconds(10)))
        #expect(client.timeout(now: .at(.seconds(10))).errors.map(\.code) == [.timedOut])
        _ = greeting.connectionOpened(firstConnection, now: .at(.seconds(3)))
        #expect(greeting.nextDeadline == .at(.seconds(13)))
        #expect(greeting.timeout(now: .at(.seconds(13))).isClosing)
        var open = welcomedClient()
        #expect(open.timeout(now: .at(.seconds(15))).sent.map(\.head.kind) == [.ping])
        #expect(open.timeout(now: .at(.seconds(30))).isClosing)
    }

    @Test func `events of an earlier connection are ignored`() {
        var client = welcomedClient()
        _ = reconnect(&client, Welcome(creditBytes: 1))
        #expect(client.connectionClosed(firstConnection, now: start).isEmpty)
        #expect(client.received(frame(9, []).rawSpan, on: firstConnection, now: start).isEmpty)
        #expect(client.wantsBatch)
    }

    @Test func `what the collector refused is passed on`() {
        var client = welcomedClient()
        _ = client.send(encodedBatch(0..<2, ordinal: 1), now: start)
        let partial = ExportPartialSuccess(rejectedSpans: 1, errorMessage: "no id")
        let actions = receive(&client, frame(.ack, Ack(sequence: 1, partialSuccess: partial)))
        #expect(actions.dropFirst() == [.partialSuccess(partial)])
    }
}
