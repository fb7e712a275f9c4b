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

    /// Payloads on both sides of where they are gathered on their own, small frames between them.
    private static let largeFrames: [[UInt8]] = [1023, 1024, 0, 5000, 3, 1025, 4096].enumerated().map { number, count in
        frame(3, (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) })
    }

    @Test(arguments: [1, 5, 6, 100, 1000, 1028, 1029, 2500, 5004, 20_000])
    func `large payloads in pieces of any size are the same, looked at or taken`(size: Int) throws {
        let stream = Self.largeFrames.flatMap { $0 }
        var looking = FrameDecoder(maxBatchBytes: 1 << 20)
        var taking = FrameDecoder(maxBatchBytes: 1 << 20)
        var looked: [[UInt8]] = []
        var taken: [[UInt8]] = []
        for start in Swift.stride(from: 0, to: stream.count, by: size) {
            let piece = Array(stream[start..<min(start + size, stream.count)])
            looking.append(piece.rawSpan)
            while let head = try looking.nextFrame() { looked.append(head.bytes + [UInt8](copying: looking.payload)) }
            taking.append(piece.rawSpan)
            while let head = try taking.nextFrame() {
                taken.append(head.bytes + taking.takePayload(first: Int(head.length)))
            }
        }
        #expect(looked == Self.largeFrames)
        #expect(taken == Self.largeFrames)
        #expect(!looking.isInsideFrame && !taking.isInsideFrame)
        #expect(taking.bufferedBytes == 0)
        #expect(taking.frameCount == Self.largeFrames.count)
    }

    @Test(arguments: [10, 3000])
    func `what is taken may be the front of a payload`(count: Int) throws {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let bytes = frame(3, payload)
        var decoder = FrameDecoder(maxBatchBytes: 1 << 20)
        for piece in [bytes.prefix(8), bytes.dropFirst(8)] {
            decoder.append(Array(piece).rawSpan)
            guard try decoder.nextFrame() != nil else { continue }
            #expect(decoder.takePayload(first: count - 7) == Array(payload.dropLast(7)))
        }
        #expect(try decoder.nextFrame() == nil)
        #expect(decoder.bufferedBytes == 0)
    }

    @Test func `no more memory is set aside than four times what has come`() throws {
        var decoder = FrameDecoder(maxBatchBytes: 64 << 20)
        decoder.append(FrameHead(.batch, length: 60 << 20, isCompressed: false).bytes.rawSpan)
        var arrived = 5
        for _ in 0..<100 {
            decoder.append([UInt8](repeating: 1, count: 2000).rawSpan)
            arrived += 2000
            #expect(try decoder.nextFrame() == nil)
            #expect(decoder.bufferedBytes <= arrived)
            // An array may round up what it is asked for.
            #expect(decoder.heldCapacity <= 4 * arrived + 4096)
        }
    }
}
