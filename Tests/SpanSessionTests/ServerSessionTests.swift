import ProtoWire
import SpanModel
import Testing

@testable import SpanSession

struct ServerSessionTests {
    let start = SessionInstant.at(.zero)

    /// What a fresh server does with these bytes.
    func fresh(_ bytes: [UInt8], _ settings: ServerSettings = ServerSettings()) -> [ServerAction] {
        var server = ServerSession(settings: settings, now: start)
        return server.received(bytes.rawSpan, now: start)
    }

    @Test func `a sender is looked up, then welcomed with what is stored of it`() throws {
        var server = ServerSession(settings: ServerSettings(agent: "c/1", creditBytes: 777), now: start)
        let hello = Hello(senderID: aliceID, agent: "s/1", compressions: [.gzip], maxFrameBytes: 5000)
        #expect(server.received(frame(.hello, hello).rawSpan, now: start) == [.lookUpSender(aliceID, hello)])
        let welcome = Welcome(
            storedSequence: 12, maxFrameBytes: 64 << 20, creditBytes: 777, agent: "c/1", maxBatchWeight: 1 << 20)
        #expect(server.senderFound(storedSequence: 12, now: start) == [.send(OutgoingFrame(.welcome, welcome))])
        #expect(server.senderID == aliceID)
    }

    @Test(arguments: [
        (Hello(protocolVersion: 2, senderID: aliceID, bearerToken: "right"), GoAway.Code.unsupportedVersion),
        (Hello(protocolVersion: 0, senderID: aliceID, bearerToken: "right"), .unsupportedVersion),
        (Hello(senderID: aliceID), .unauthenticated),
        (Hello(senderID: aliceID, bearerToken: "wrong"), .unauthenticated),
        (Hello(senderID: .none, bearerToken: "right"), .protocolError),
    ])
    func `a sender that may not come in is told why and is not looked up`(hello: Hello, code: GoAway.Code) {
        let actions = fresh(frame(.hello, hello), ServerSettings(bearerTokens: ["left", "right"]))
        #expect(actions.goAway?.code == code)
        #expect(actions.goAway?.isFinal == true)
        #expect(actions.outcome != nil)
        #expect(!actions.contains { if case .lookUpSender = $0 { true } else { false } })
        #expect(!actions.description.contains("wrong"))
    }

    @Test func `what a sender says it dropped is stored within bounds, and all of it is counted`() {
        var server = welcomedServer()
        var dropped = (0..<100).map { DropCount(reason: "reason \($0)", spans: 2) }
        dropped.append(DropCount(reason: String(repeating: "x", count: 100_000), spans: 1))
        let stored = server.received(batchFrame(1, dropped: dropped).rawSpan, now: start).stores.first?.dropped ?? []
        #expect(stored.reduce(0) { $0 + $1.spans } == 201)
        #expect(stored.count <= 33)
        #expect(stored.allSatisfy { $0.reason.utf8.count <= 64 })
    }

    @Test func `the token goes no further than the check`() {
        let actions = fresh(
            frame(.hello, Hello(senderID: aliceID, bearerToken: "right")), ServerSettings(bearerTokens: ["right"]))
        #expect(actions == [.lookUpSender(aliceID, Hello(senderID: aliceID))])
    }

    @Test(arguments: [
        frame(2, []), batchFrame(1), frame(4, []), frame(5, []), frame(6, []), frame(7, []), frame(8, []), frame(9, []),
        frame(0x81, []), [1, 0, 1, 0, 1], Array("GET / HTTP/1.1\r\n".utf8), frame(1, [0xFF]),
    ])
    func `a first frame that is no greeting is answered with GoAway and a close`(bytes: [UInt8]) {
        let actions = fresh(bytes)
        #expect(actions.goAway != nil)
        #expect(actions.goAway?.retryAfterMilliseconds == 0)
        #expect(actions.outcome != nil)
        #expect(actions.stores.isEmpty)
    }

    @Test(arguments: [
        (batchFrame(3), "invalid_sequence in frame 3: sequence 3 does not rise above 3"),
        (batchFrame(2), "invalid_sequence in frame 3: sequence 2 does not rise above 3"),
        (batchFrame(0), "invalid_sequence in frame 3: sequence 0 does not rise above 3"),
        (frame(.hello, Hello(senderID: aliceID)), "unexpected_frame in frame 3: Hello from a sender after Welcome"),
        (frame(2, []), "unexpected_frame in frame 3: Welcome from a sender after Welcome"),
        (frame(4, []), "unexpected_frame in frame 3: Ack from a sender after Welcome"),
        (frame(8, []), "unexpected_frame in frame 3: GoAway from a sender after Welcome"),
        (frame(99, []), "unknown_kind in frame 3: kind 99 is no frame of version 1"),
        (
            frame(0x83, []),
            "unexpected_compression in frame 3: the compressed bit on Batch was not agreed"
        ),
        (
            frame(3, [0x0A, 0x05, 0x0A]),
            "malformed_message in frame 3: spanwire.transport.v1.Batch: invalid_length at byte 1 in "
                + "resource_spans[0]: a field of 5 bytes (length) where 1 byte is left"
        ),
    ])
    func `a bad frame is named, and only after what came before it is acknowledged`(bytes: [UInt8], fault: String) {
        var server = welcomedServer()
        #expect(server.received(batchFrame(3).rawSpan, now: start).stores.count == 1)
        let actions = server.received((bytes + batchFrame(50)).rawSpan, now: start)
        let named = actions.faults.first?.description ?? ""
        // The wording of the codec's own errors is not this module's.
        #expect(named.hasPrefix(String(fault.prefix(90))), "\(named)")
        #expect(actions.sent.isEmpty)
        #expect(actions.stores.isEmpty)
        let end = server.batchesStored([StoredBatch(sequence: 3)], now: start)
        #expect(end.acks.map(\.sequence) == [3])
        #expect(end.goAway?.message == named)
        #expect(end.goAway?.code == .protocolError)
        #expect(end.outcome != nil)
        #expect(server.received(batchFrame(60).rawSpan, now: start).isEmpty)
    }

    @Test func `a frame over the limit is refused by its head with a code of its own`() {
        var server = welcomedServer(ServerSettings(maxFrameBytes: 1024))
        let actions = server.received([3, 0, 0, 4, 1].rawSpan, now: start)
        #expect(actions.goAway?.code == .frameTooLarge)
        #expect(server.heldBytes == 0)
    }

    @Test func `an ack follows the store, is cumulative, and gives the credit back`() throws {
        var server = welcomedServer()
        let first = batchFrame(1, 0..<2)
        let second = batchFrame(2, 2..<3)
        let third = batchFrame(7, 3..<4)
        let taken = server.received((first + second + third).rawSpan, now: start)
        #expect(taken.stores.map(\.sequence) == [1, 2, 7])
        #expect(taken.sent.isEmpty)
        let acked = server.batchesStored([StoredBatch(sequence: 1), StoredBatch(sequence: 2)], now: start)
        #expect(acked.acks == [Ack(sequence: 2, creditBytes: UInt64(first.count + second.count - 10))])
        #expect(server.batchesStored([StoredBatch(sequence: 2)], now: start).isEmpty)
        #expect(server.batchesStored([StoredBatch(sequence: 7)], now: start).acks.first?.sequence == 7)
        #expect(server.heldBytes == 0)
    }

    @Test func `a batch that is stored already is acknowledged again and not stored`() {
        var server = welcomedServer(storedSequence: 5)
        let again = server.received((batchFrame(4) + batchFrame(5) + batchFrame(6)).rawSpan, now: start)
        #expect(again.acks.map(\.sequence) == [4, 5])
        #expect(again.acks.allSatisfy { $0.creditBytes == UInt64(batchFrame(4).count - 5) })
        #expect(again.stores.map(\.sequence) == [6])
    }

    @Test func `one frame may exceed the credit when nothing is outstanding, a second may not`() {
        let big = batchFrame(1, 0..<20)
        var server = welcomedServer(ServerSettings(creditBytes: 100))
        #expect(server.received(big.rawSpan, now: start).stores.count == 1)
        #expect(server.received(batchFrame(2).rawSpan, now: start).faults.map(\.code) == [.creditExceeded])
        #expect(server.batchesStored([StoredBatch(sequence: 1)], now: start).goAway?.code == .protocolError)

        server = welcomedServer(ServerSettings(creditBytes: 100))
        for sequence in 1...3 as ClosedRange<UInt64> {
            #expect(server.received(batchFrame(sequence, 0..<20).rawSpan, now: start).stores.count == 1)
            #expect(server.batchesStored([StoredBatch(sequence: sequence)], now: start).acks.count == 1)
        }
    }

    @Test func `a bad span is refused alone and a bad string costs no span`() throws {
        var spans = (0..<4).map { span($0) }
        spans[1].traceID = .invalid
        spans[2].spanID = .invalid
        spans[2].irregularIDs[.spanID] = [1, 2, 3]
        var bytes = SpanBatch(resourceSpans: [
            ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
        ]).encoded()
        let name = try #require(bytes.firstIndex(of: UInt8(ascii: "G")))
        bytes[name] = 0xFF
        bytes += Batch(sequence: 1).encoded()
        var server = welcomedServer()
        let stored = try #require(server.received(frame(3, bytes).rawSpan, now: start).stores.first)
        #expect(stored.spans.spans.map(\.spanID.value) == [1, 4])
        #expect(stored.spans.spans.map(\.name) == ["\u{FFFD}ET /cart", "GET /cart"])
        let ack = try #require(
            server.batchesStored([StoredBatch(sequence: 1, rejectedSpans: 1, message: "late")], now: start).acks.first)
        #expect(ack.partialSuccess?.rejectedSpans == 3)
        #expect(
            ack.partialSuccess?.errorMessage
                == "2 spans rejected, the first: resource_spans[0].scope_spans[0].spans[1].trace_id is missing; "
                + "1 string was not UTF-8 and repaired, the first: resource_spans[0].scope_spans[0].spans[0].name")
    }

    @Test func `an id of zeros or of another length is named without its value`() throws {
        for (field, bytes, reason) in [
            (IrregularIDs.Field.traceID, [UInt8](repeating: 0, count: 16), ".trace_id is all zeros"),
            (.traceID, [1, 2], ".trace_id has 2 bytes, 16 are needed"),
            (.spanID, [UInt8](repeating: 0, count: 8), ".span_id is all zeros"),
        ] {
            var bad = span(1)
            if field == .traceID { bad.traceID = .invalid } else { bad.spanID = .invalid }
            bad.irregularIDs[field] = bytes
            var batch = spanBatch(0..<1)
            batch.resourceSpans[0].scopeSpans[0].spans.append(bad)
            let validation = BatchValidation(removingInvalidSpansFrom: &batch)
            #expect(validation.firstReason == "resource_spans[0].scope_spans[0].spans[1]" + reason)
            #expect(batch.spanCount == 1)
        }
    }

    @Test func `a store that fails sends the sender away for a while`() {
        var server = welcomedServer()
        _ = server.received((batchFrame(1) + batchFrame(2)).rawSpan, now: start)
        let actions = server.batchFailed(retryAfter: .seconds(2), now: start)
        #expect(actions.goAway?.code == .overloaded)
        #expect(actions.goAway?.retryAfterMilliseconds == 2000)
        #expect(server.batchesStored([StoredBatch(sequence: 2)], now: start).isEmpty)
        #expect(server.heldBytes == 0)
    }

    @Test func `goodbye closes after the last ack, and nothing may follow it`() {
        var server = welcomedServer()
        _ = server.received((batchFrame(1) + frame(7, [])).rawSpan, now: start)
        var other = server
        #expect(server.batchesStored([StoredBatch(sequence: 1)], now: start).outcome == .saidGoodbye)
        #expect(other.received(batchFrame(2).rawSpan, now: start).faults.first?.code == .unexpectedFrame)
        var idle = welcomedServer()
        #expect(idle.received(frame(7, []).rawSpan, now: start).outcome == .saidGoodbye)
    }

    @Test func `draining acknowledges what was taken, takes no more, and asks the sender back`() {
        var server = welcomedServer()
        _ = server.received(batchFrame(1).rawSpan, now: start)
        #expect(server.drain(retryAfter: .zero, now: start).isEmpty)
        #expect(server.received(batchFrame(2).rawSpan, now: start).isEmpty)
        let end = server.batchesStored([StoredBatch(sequence: 1)], now: start)
        #expect(end.acks.map(\.sequence) == [1])
        #expect(end.goAway?.code == .shuttingDown)
        #expect(end.goAway?.retryAfterMilliseconds == 1)
    }

    @Test func `a store that never ends does not hold the drain up for ever`() {
        var server = welcomedServer()
        _ = server.received(batchFrame(1).rawSpan, now: start)
        _ = server.drain(retryAfter: .seconds(1), now: start)
        #expect(server.nextDeadline == .at(.seconds(10)))
        #expect(server.timeout(now: .at(.seconds(9))).isEmpty)
        #expect(server.timeout(now: .at(.seconds(10))).goAway?.code == .shuttingDown)
    }

    @Test func `a superseded connection ends at once and is not to come back`() {
        var server = welcomedServer()
        _ = server.received(batchFrame(1).rawSpan, now: start)
        let actions = server.superseded(now: start)
        #expect(actions.goAway?.code == .protocolError)
        #expect(actions.goAway?.isFinal == true)
        #expect(server.batchesStored([StoredBatch(sequence: 1)], now: start).isEmpty)
    }

    @Test func `no Hello in ten seconds closes, however it drips`() {
        var server = ServerSession(settings: ServerSettings(), now: start)
        _ = server.received([1, 0, 0].rawSpan, now: .at(.seconds(9)))
        #expect(server.nextDeadline == .at(.seconds(10)))
        #expect(server.timeout(now: .at(.seconds(10))).outcome == .timedOut)
    }

    @Test func `silence is asked about after 15 seconds and closed 15 seconds later`() {
        var server = welcomedServer()
        #expect(server.nextDeadline == .at(.seconds(15)))
        #expect(server.timeout(now: .at(.seconds(15))).sent.map(\.head.kind) == [.ping])
        #expect(server.nextDeadline == .at(.seconds(30)))
        var answered = server
        #expect(server.timeout(now: .at(.seconds(30))).outcome == .timedOut)
        #expect(answered.received(frame(.pong, Pong(token: 1)).rawSpan, now: .at(.seconds(29))).isEmpty)
        #expect(answered.nextDeadline == .at(.seconds(44)))
    }

    @Test func `a frame that makes no progress for 30 seconds is closed`() {
        let timing = SessionTiming(silence: .seconds(100))
        var server = welcomedServer(ServerSettings(timing: timing))
        _ = server.received([3, 0, 0].rawSpan, now: start)
        #expect(server.nextDeadline == .at(.seconds(30)))
        _ = server.received([0].rawSpan, now: .at(.seconds(20)))
        #expect(server.timeout(now: .at(.seconds(49))).isEmpty)
        #expect(server.timeout(now: .at(.seconds(50))).outcome == .timedOut)
    }

    @Test func `a ping is answered with its token`() {
        var server = welcomedServer()
        let actions = server.received(frame(.ping, Ping(token: 1 << 60)).rawSpan, now: start)
        #expect(actions == [.send(OutgoingFrame(.pong, Pong(token: 1 << 60)))])
    }

    @Test func `what a sender sends before the welcome waits for it, and there is a limit`() {
        var server = ServerSession(settings: ServerSettings(), now: start)
        let early = server.received(
            (frame(.hello, Hello(senderID: aliceID)) + batchFrame(1)).rawSpan, now: start)
        #expect(early.stores.isEmpty)
        var flooded = server
        let welcomed = server.senderFound(storedSequence: 0, now: start)
        #expect(welcomed.sent.map(\.head.kind) == [.welcome])
        #expect(welcomed.stores.map(\.sequence) == [1])
        let flood = flooded.received([UInt8](repeating: 3, count: 256 << 10).rawSpan, now: start)
        #expect(flood.goAway?.code == .protocolError)
        #expect(flooded.senderFound(storedSequence: 0, now: start).isEmpty)
    }

    @Test func `tokens are compared byte for byte`() {
        #expect(["abc", "x"].containsInConstantTime("x"))
        #expect(!["abc"].containsInConstantTime("ab"))
        #expect(!["abc"].containsInConstantTime("abcd"))
        #expect(!["\u{E9}"].containsInConstantTime("e\u{301}"))
        #expect(![String]().containsInConstantTime(""))
    }
}
