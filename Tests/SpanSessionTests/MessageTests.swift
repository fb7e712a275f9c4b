import ProtoWire
import SpanModel
import Testing

@testable import SpanSession

struct MessageTests {
    @Test func `every message comes back from its bytes, unknown fields included`() throws {
        let unknown = UnknownFields(bytes: [0xBA, 0x3E, 0x03, 1, 2, 3])
        var hello = Hello(
            senderID: aliceID, agent: "test/1", compressions: [.zstdStream, .gzip, Compression(rawValue: -5)],
            bearerToken: "secret", maxFrameBytes: 1 << 20)
        hello.unknownFields = unknown
        var welcome = Welcome(
            compression: .zstd, storedSequence: .max, maxFrameBytes: 7, creditBytes: 1 << 40, agent: "c", windowLog: 20,
            maxBatchWeight: 1 << 50)
        welcome.unknownFields = unknown
        var batch = Batch(
            spans: spanBatch(0..<3), sequence: 300, dropped: [DropCount(reason: "queue_full", spans: 9)])
        batch.spans.unknownFields = unknown
        var ack = Ack(
            sequence: 300, creditBytes: 5, partialSuccess: ExportPartialSuccess(rejectedSpans: 1, errorMessage: "x"))
        ack.unknownFields = unknown
        var goAway = GoAway(.overloaded, "later", retryAfterMilliseconds: 250)
        goAway.unknownFields = unknown
        var goodbye = Goodbye()
        goodbye.unknownFields = unknown
        #expect(try Hello(decoding: hello.encoded()) == hello)
        #expect(try Welcome(decoding: welcome.encoded()) == welcome)
        #expect(try Batch(decoding: batch.encoded()) == batch)
        #expect(try Ack(decoding: ack.encoded()) == ack)
        #expect(try GoAway(decoding: goAway.encoded()) == goAway)
        #expect(try Goodbye(decoding: goodbye.encoded()) == goodbye)
        #expect(try Ping(decoding: Ping(token: .max).encoded()) == Ping(token: .max))
        #expect(try Pong(decoding: Pong(token: 0).encoded()).token == 0)
    }

    @Test func `compressions are read packed, unpacked and mixed, and written packed`() throws {
        let mixed: [UInt8] = [0x20, 3, 0x22, 3, 1, 0x82, 0, 0x20, 0]
        let hello = try Hello(decoding: mixed)
        #expect(hello.compressions == [.zstdStream, .gzip, .zstd, .identity])
        #expect(hello.encoded() == [0x22, 4, 3, 1, 2, 0])
    }

    @Test func `a packed varint must not reach over the end of its field`() {
        let bytes: [UInt8] = [0x22, 1, 0x81, 0x01]
        let error = #expect(throws: WireError.self) { try Hello(decoding: bytes) }
        #expect(error?.code == .truncated)
    }

    @Test func `a batch is a request and an ack is a response to any OTLP reader`() throws {
        let batch = Batch(spans: spanBatch(0..<2), sequence: 5, dropped: [DropCount(reason: "r", spans: 1)])
        let request = try SpanBatch(decoding: batch.encoded())
        #expect(request.resourceSpans == batch.spans.resourceSpans)
        let ack = Ack(sequence: 5, partialSuccess: ExportPartialSuccess(rejectedSpans: 2, errorMessage: "no id"))
        #expect(try ExportResponse(decoding: ack.encoded()).partialSuccess == ack.partialSuccess)
    }

    @Test func `a frame of spliced parts is the same as one encoded whole`() throws {
        let batch = Batch(spans: spanBatch(0..<2), sequence: 1 << 40, dropped: [DropCount(reason: "r", spans: 1)])
        let encoded = EncodedBatch(batch.spans)
        let held = HeldBatches.Held(batch: encoded, sequence: batch.sequence, dropped: batch.dropped)
        let frame = OutgoingFrame(.batch, payload: encoded.payload, trailer: held.trailer)
        #expect(frame.bytes == FrameHead(.batch, length: UInt32(batch.encoded().count)).bytes + batch.encoded())
    }

    @Test func `a description of a greeting shows no token`() {
        let hello = Hello(senderID: aliceID, bearerToken: "hunter2")
        var dumped = ""
        dump(hello, to: &dumped)
        #expect(!"\(hello)\(String(reflecting: hello))\(dumped)".contains("hunter2"))
    }

    @Test func `the collector agrees to the first offer that it supports, else to none`() {
        #expect(Compression.agreed(offered: [.zstd, .gzip], supported: [.gzip, .zstd]) == .zstd)
        #expect(Compression.agreed(offered: [.zstdStream, .gzip], supported: [.gzip]) == .gzip)
        #expect(Compression.agreed(offered: [Compression(rawValue: 77)], supported: [.gzip]) == .identity)
        #expect(Compression.agreed(offered: [], supported: [.gzip]) == .identity)
    }
}
