import Foundation
import ProtoWire
import SpanCompression
import SpanModel
import Testing

@testable import SpanSession

struct TranscriptTests {
    /// Holds a conversation against its golden file; writes the file with `RECORD=1`.
    func check(_ conversation: Conversation, _ name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Transcripts")
        let file = folder.appendingPathComponent(name + ".txt")
        if isRecording { try conversation.text.write(to: file, atomically: true, encoding: .utf8) }
        let golden = try String(contentsOf: file, encoding: .utf8)
        let lines = zip(golden.split(separator: "\n"), conversation.text.split(separator: "\n"))
        for (number, (expected, actual)) in lines.enumerated() where expected != actual {
            Issue.record("\(name).txt line \(number + 1): expected \(expected), got \(actual)")
            return
        }
        #expect(golden == conversation.text)
    }

    @Test func `a whole life: greeting, pipelined batches, goodbye`() throws {
        var talk = Conversation("A whole life: greeting, pipelined batches, one ack for two, goodbye.")
        talk.start()
        talk.connect()
        talk.send(0..<2, ordinal: 1)
        talk.wait(.milliseconds(5))
        talk.send(2..<5, ordinal: 2)
        talk.wait(.milliseconds(20))
        talk.commit(2)
        talk.send(5..<6, ordinal: 3)
        talk.note("sender: goodbye")
        talk.perform(talk.client.goodbye(now: talk.now))
        talk.commit(1)
        try check(talk, "whole-life")
    }

    @Test func `a connection is lost between commit and ack`() throws {
        var talk = Conversation("The connection is lost after batch 1 was committed and before it was acknowledged.")
        talk.start()
        talk.connect()
        talk.send(0..<2, ordinal: 1)
        talk.send(2..<3, ordinal: 2)
        talk.wait(.milliseconds(10))
        talk.lose()
        talk.passToDeadline()
        talk.connect(storedSequence: 1)
        talk.commit(1)
        try check(talk, "lost-ack")
    }

    @Test func `a sender comes back with what its spool held`() throws {
        var settings = ClientSettings(senderID: aliceID, agent: "shop/1", seed: 1)
        settings.tellsNumbers = true
        var talk = Conversation(
            "A sender was killed. Of what its spool held, 4 is stored, 5 is not, and two spans had no number.",
            client: settings)
        talk.client.restore(
            [
                RestoredBatch(batch: encodedBatch(0..<2, ordinal: 11), sequence: 4),
                RestoredBatch(
                    batch: encodedBatch(2..<3, ordinal: 12), sequence: 5,
                    dropped: [DropCount(reason: "queue_full", spans: 7)]),
                RestoredBatch(batch: encodedBatch(3..<5, ordinal: 13), sequence: 0),
            ], highestSequence: 6, dropped: [DropCount(reason: "spool_full", spans: 2)])
        talk.start()
        talk.connect(storedSequence: 4)
        talk.commit(2)
        talk.note("sender: goodbye")
        talk.perform(talk.client.goodbye(now: talk.now))
        try check(talk, "restored")
    }

    @Test func `credit runs out and comes back`() throws {
        var talk = Conversation(
            "Credit for 200 bytes: the first batch goes out whatever its size, the others wait.",
            server: ServerSettings(agent: "collector/1", creditBytes: 200))
        talk.start()
        talk.connect()
        talk.send(0..<6, ordinal: 1)
        talk.send(6..<7, ordinal: 2)
        talk.send(7..<8, ordinal: 3)
        talk.commit(1)
        talk.commit(1)
        talk.commit(1)
        try check(talk, "credit")
    }

    @Test func `an overloaded store, then silence`() throws {
        var talk = Conversation(
            "The store fails, the sender comes back after the delay; then the network falls silent.")
        talk.start()
        talk.connect()
        talk.send(0..<2, ordinal: 1)
        talk.note("store: fails")
        talk.storing = []
        talk.perform(talk.server!.batchFailed(retryAfter: .seconds(3), now: talk.now))
        talk.passToDeadline()
        talk.connect()
        talk.commit(1)
        talk.server = nil
        talk.note("network: swallows everything")
        talk.passToDeadline()
        talk.passToDeadline()
        talk.passToDeadline()
        try check(talk, "overloaded-then-silent")
    }

    @Test func `drops are told and a span without an id is refused alone`() throws {
        var talk = Conversation("The queue overflowed; a span without an id; the collector shuts down.")
        talk.start()
        talk.connect()
        var spans = spanBatch(0..<3)
        spans.resourceSpans[0].scopeSpans[0].spans[1].spanID = .invalid
        talk.perform(talk.client.send(EncodedBatch(spans, ordinal: 1), now: talk.now))
        talk.note("queue: dropped 40 spans")
        talk.perform(talk.client.reportDropped([DropCount(reason: "queue_full", spans: 40)], now: talk.now))
        talk.send(3..<4, ordinal: 2)
        talk.note("collector: drains")
        talk.perform(talk.server!.drain(retryAfter: .seconds(1), now: talk.now))
        talk.commit(2)
        try check(talk, "drops-and-drain")
    }

    @Test func `a wrong token`() throws {
        var talk = Conversation(
            "A wrong token is final.",
            client: ClientSettings(senderID: aliceID, agent: "shop/1", bearerToken: "wrong", seed: 1),
            server: ServerSettings(agent: "collector/1", bearerTokens: ["right"]))
        talk.start()
        talk.connect()
        talk.send(0..<1, ordinal: 1)
        talk.passToDeadline()
        try check(talk, "wrong-token")
    }

    @Test func `a sender comes back before the collector has missed it`() throws {
        var talk = Conversation("The sender has lost its connection, the collector has not noticed when it comes back.")
        talk.start()
        talk.connect()
        talk.send(0..<2, ordinal: 1)
        talk.send(2..<3, ordinal: 2)
        talk.wait(.seconds(1))
        talk.loseUnnoticed()
        talk.passToDeadline()
        talk.connectAgain(committing: 1)
        talk.commit(1)
        try check(talk, "superseded")
    }

    @Test func `a compressed stream, and another compression after it`() throws {
        let codec = SystemCompression()
        var talk = Conversation(
            "A stream is agreed on; after a reconnect the collector takes gzip alone.",
            client: ClientSettings(
                senderID: aliceID, agent: "shop/1", compressions: [.zstdStream, .gzip], codec: codec, seed: 1),
            server: ServerSettings(agent: "collector/1", creditBytes: 4096, codec: codec))
        talk.start()
        talk.connect()
        talk.send(0..<9, ordinal: 1)
        talk.send(9..<18, ordinal: 2)
        talk.send(18..<27, ordinal: 3)
        talk.commit(2)
        talk.wait(.milliseconds(10))
        talk.lose()
        talk.serverSettings.compressions = [.gzip]
        talk.passToDeadline()
        talk.connect(storedSequence: 2)
        talk.commit(1)
        try check(talk, "compressed")
    }

    @Test func `a collector with smaller frames`() throws {
        var talk = Conversation(
            "Batch 1 is too large for the collector that is there after the reconnect, and so is one span of it alone.")
        talk.start()
        talk.connect()
        var spans = spanBatch(0..<4)
        spans.resourceSpans[0].scopeSpans[0].spans[1].name = String(repeating: "n", count: 300)
        talk.note("sender: hands over batch 1 of 4 spans")
        talk.perform(talk.client.send(EncodedBatch(spans, ordinal: 1), now: talk.now))
        talk.send(4..<5, ordinal: 2)
        talk.wait(.milliseconds(10))
        talk.lose()
        talk.serverSettings.setFrameLimit(unclamped: 200)
        talk.passToDeadline()
        talk.connect()
        talk.commit(9)
        try check(talk, "smaller-frames")
    }

    @Test func `a sender that breaks a rule`() throws {
        var talk = Conversation(
            "A sender sends an Ack, which is not its to send: what it sent before is acknowledged, what follows is not read."
        )
        talk.start()
        talk.connect()
        talk.send(0..<2, ordinal: 1)
        talk.foreign(frame(.ack, Ack(sequence: 1)))
        talk.foreign(batchFrame(2))
        talk.wait(.milliseconds(10))
        talk.commit(1)
        try check(talk, "a-fault")
    }

    @Test func `refusals whose ack is lost`() throws {
        var talk = Conversation("One span is refused, the ack that says so is lost: the welcome stands for it.")
        talk.start()
        talk.connect()
        var spans = spanBatch(0..<3)
        spans.resourceSpans[0].scopeSpans[0].spans[1].traceID = .invalid
        talk.note("sender: hands over batch 1 of 3 spans")
        talk.perform(talk.client.send(EncodedBatch(spans, ordinal: 1), now: talk.now))
        talk.wait(.milliseconds(10))
        talk.lose()
        talk.passToDeadline()
        talk.connect(storedSequence: 1)
        try check(talk, "lost-refusal")
    }
}
