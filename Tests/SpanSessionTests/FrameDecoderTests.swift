import ProtoWire
import Testing

@testable import SpanSession

struct FrameDecoderTests {
    static let stream = batchFrame(1, 0..<3) + frame(.ping, Ping(token: 7)) + frame(7, []) + batchFrame(2, 3..<4)

    @Test(arguments: 0...stream.count)
    func `a stream cut in two anywhere gives the same frames`(cut: Int) throws {
        let stream = FrameDecoderTests.stream
        var decoder = FrameDecoder(maxBatchBytes: 1 << 20)
        var found: [[UInt8]] = []
        for piece in [stream[..<cut], stream[cut...]] {
            decoder.append([UInt8](piece).rawSpan)
            while let head = try decoder.nextFrame() { found.append(head.bytes + [UInt8](copying: decoder.payload)) }
        }
        #expect(found.flatMap { $0 } == stream)
        #expect(found.count == 4)
        #expect(!decoder.isInsideFrame)
    }

    @Test func `a stream that drips in byte by byte gives the same frames and keeps little`() throws {
        var decoder = FrameDecoder(maxBatchBytes: 1 << 20)
        var found: [UInt8] = []
        var most = 0
        for _ in 0..<50 {
            for byte in FrameDecoderTests.stream {
                decoder.append([byte].rawSpan)
                most = max(most, decoder.bufferedBytes)
                while let head = try decoder.nextFrame() { found += head.bytes + [UInt8](copying: decoder.payload) }
            }
        }
        #expect(found == Array(repeating: FrameDecoderTests.stream, count: 50).flatMap { $0 })
        #expect(most <= FrameDecoderTests.stream.count)
        #expect(decoder.frameCount == 200)
    }

    @Test func `a length over the limit is refused by its head alone`() {
        var decoder = FrameDecoder(maxBatchBytes: 1000)
        decoder.append([3, 0, 0, 3, 0xE8].rawSpan)
        #expect(throws: Never.self) { try decoder.nextFrame() }
        decoder = FrameDecoder(maxBatchBytes: 1000)
        decoder.append([3, 0, 0, 3, 0xE9].rawSpan)
        let error = #expect(throws: SessionError.self) { try decoder.nextFrame() }
        #expect(error?.code == .frameTooLarge)
        #expect(error?.message == "Batch of 1001 bytes, the limit is 1000")
    }

    @Test func `frames other than batches have a limit of their own`() {
        var decoder = FrameDecoder(maxBatchBytes: 1 << 20)
        decoder.append([5, 0, 1, 0, 1].rawSpan)
        #expect(throws: SessionError.self) { try decoder.nextFrame() }
    }

    @Test(arguments: [0, 9, 127] as [UInt8])
    func `an unknown kind is refused`(kind: UInt8) {
        var decoder = FrameDecoder(maxBatchBytes: 1000)
        decoder.append([kind, 0, 0, 0, 0].rawSpan)
        let error = #expect(throws: SessionError.self) { try decoder.nextFrame() }
        #expect(error?.code == .unknownKind)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt8>)
    func `a compressed bit that was not agreed is refused on every kind`(kind: UInt8) {
        var decoder = FrameDecoder(maxBatchBytes: 1000)
        decoder.append([kind | 0x80, 0, 0, 0, 0].rawSpan)
        let error = #expect(throws: SessionError.self) { try decoder.nextFrame() }
        #expect(error?.code == .unexpectedCompression)
    }

    @Test func `where compression is agreed the greeting frames stay plain`() throws {
        for kind in [FrameKind.hello, .welcome, .goAway, .batch, .ack] {
            var decoder = FrameDecoder(maxBatchBytes: 1000)
            decoder.allowsCompressed = true
            decoder.append([kind.rawValue | 0x80, 0, 0, 0, 0].rawSpan)
            let head = try? decoder.nextFrame()
            #expect((head != nil) == (kind == .batch || kind == .ack))
        }
    }

    @Test func `a frame of many megabytes leaves no memory behind`() throws {
        var decoder = FrameDecoder(maxBatchBytes: 64 << 20)
        decoder.append(frame(3, [UInt8](repeating: 1, count: 8 << 20)).rawSpan)
        #expect(try decoder.nextFrame() != nil)
        #expect(try decoder.nextFrame() == nil)
        #expect(decoder.bufferedBytes == 0)
    }
}
