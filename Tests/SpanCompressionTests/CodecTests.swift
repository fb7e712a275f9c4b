import ProtoWire
import SpanSession
import Testing

@testable import SpanCompression

struct CodecTests {
    @Test(arguments: Compression.all)
    func `payloads of any size come back as they were, one after the other`(compression: Compression) throws {
        let compressor = try #require(codec.makeCompressor(compression, windowLog: 17))
        let decompressor = try #require(codec.makeDecompressor(compression, windowLog: 17))
        for (seed, count) in [0, 1, 100, 5000, 16 << 10, 300_000, 100, 1_000_000].enumerated() {
            let whole = payload(count, seed: UInt64(seed))
            for cut in Set([0, min(7, count), count]) {
                let compressed = compressor.compress(Array(whole[..<cut]), Array(whole[cut...]))
                // On their own, small ones are better left as they are.
                guard let compressed else {
                    #expect(compression != .zstdStream && count < 200)
                    continue
                }
                #expect(try decompressor.decompress(compressed, maxBytes: max(count, 1)) == whole)
            }
        }
    }

    @Test func `identity and unknown compressions have no codec`() {
        for compression in [Compression.identity, Compression(rawValue: 99)] {
            #expect(codec.makeCompressor(compression, windowLog: 20) == nil)
            #expect(codec.makeDecompressor(compression, windowLog: 20) == nil)
        }
    }

    @Test(arguments: [Compression.gzip, .zstd])
    func `what does not shrink on its own is left as it is`(compression: Compression) throws {
        let compressor = try #require(codec.makeCompressor(compression, windowLog: 20))
        #expect(compressor.compress(noise(5000), []) == nil)
        #expect(compressor.compress(payload(5000), []) != nil)
    }

    @Test func `a stream says the second time in a few bytes what it said before, and takes what does not shrink`()
        throws
    {
        let compressor = try #require(codec.makeCompressor(.zstdStream, windowLog: 20))
        let decompressor = try #require(codec.makeDecompressor(.zstdStream, windowLog: 20))
        let first = try #require(compressor.compress(noise(20_000), []))
        let second = try #require(compressor.compress(noise(20_000), []))
        #expect(first.count >= 20_000)
        #expect(first.count < 20_100)
        #expect(second.count < 300)
        #expect(try decompressor.decompress(first) == noise(20_000))
        #expect(try decompressor.decompress(second) == noise(20_000))
    }

    @Test(arguments: Compression.all)
    func `the limit holds to the byte`(compression: Compression) throws {
        let compressor = try #require(codec.makeCompressor(compression, windowLog: 20))
        let compressed = try #require(compressor.compress(payload(50_000), []))
        let fits = try #require(codec.makeDecompressor(compression, windowLog: 20))
        #expect(try fits.decompress(compressed, maxBytes: 50_000).count == 50_000)
        let small = try #require(codec.makeDecompressor(compression, windowLog: 20))
        #expect(throws: DecompressionError.tooLarge(maxBytes: 49_999)) {
            try small.decompress(compressed, maxBytes: 49_999)
        }
    }

    @Test(arguments: Compression.all)
    func `100 MB of zeros in a small frame take no more memory than the limit`(compression: Compression) throws {
        let zeros = [UInt8](repeating: 0, count: 100_000_000)
        let compressed = try #require(codec.makeCompressor(compression, windowLog: 20)?.compress(zeros, []))
        #expect(compressed.count < 200_000)
        let decompressor = try #require(codec.makeDecompressor(compression, windowLog: 20))
        var output: [UInt8] = []
        #expect(throws: DecompressionError.tooLarge(maxBytes: 1 << 20)) {
            try decompressor.decompress(compressed.rawSpan, into: &output, maxBytes: 1 << 20)
        }
        #expect(output.count <= 1 << 20 + 1)
    }

    @Test(arguments: Compression.all)
    func `a payload cut short anywhere is a fault that says so`(compression: Compression) throws {
        let whole = payload(600)
        let compressed = try #require(codec.makeCompressor(compression, windowLog: 20)?.compress(whole, []))
        for count in 0..<compressed.count {
            // Nothing, and the stream's header alone, are what a flush without anything new writes.
            if compression == .zstdStream, count == 0 || count == 6 { continue }
            let decompressor = try #require(codec.makeDecompressor(compression, windowLog: 20))
            let error = #expect(throws: DecompressionError.self) {
                try decompressor.decompress(Array(compressed.prefix(count)))
            }
            #expect(error?.isTooLarge == false)
            #expect(error?.message.isEmpty == false)
        }
    }

    @Test(arguments: [Compression.gzip, .zstd])
    func `bytes behind the end are a fault`(compression: Compression) throws {
        let compressed = try #require(codec.makeCompressor(compression, windowLog: 20)?.compress(payload(600), []))
        for garbage in [[0], compressed, [UInt8](repeating: 255, count: 100)] as [[UInt8]] {
            let decompressor = try #require(codec.makeDecompressor(compression, windowLog: 20))
            let error = #expect(throws: DecompressionError.self) {
                try decompressor.decompress(compressed + garbage)
            }
            #expect(error?.message.hasPrefix("has \(garbage.count.counted("byte")) behind the end") == true)
        }
    }

    @Test(arguments: Compression.all)
    func `what is wrong with a payload does not depend on what was decompressed before`(
        compression: Compression
    ) throws {
        let compressed = try #require(codec.makeCompressor(compression, windowLog: 20)?.compress(payload(600), []))
        func outcome(_ payload: [UInt8], roomBefore: Int) throws -> (Int?, DecompressionError?) {
            let decompressor = try #require(codec.makeDecompressor(compression, windowLog: 20))
            var output = [UInt8](repeating: 0, count: roomBefore)
            do throws(DecompressionError) {
                return (try decompressor.decompress(payload.rawSpan, into: &output, maxBytes: 1000), nil)
            } catch {
                return (nil, error)
            }
        }
        for bit in 0..<compressed.count * 8 {
            var flipped = compressed
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let (count, error) = try outcome(flipped, roomBefore: 0)
            for room in [700, 100_000] {
                let (otherCount, otherError) = try outcome(flipped, roomBefore: room)
                #expect(otherCount == count && otherError == error, "bit \(bit)")
            }
        }
    }

    @Test(arguments: Compression.all)
    func `flipped bits are a fault or other bytes within the limit, never a trap`(compression: Compression) throws {
        let compressed = try #require(codec.makeCompressor(compression, windowLog: 20)?.compress(payload(600), []))
        for bit in 0..<compressed.count * 8 {
            var flipped = compressed
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let decompressor = try #require(codec.makeDecompressor(compression, windowLog: 20))
            let result = try? decompressor.decompress(flipped, maxBytes: 2000)
            #expect((result?.count ?? 0) <= 2000)
        }
    }

    @Test func `a window larger than agreed is a fault before its memory is taken`() throws {
        // A frame header without a size, with a window of 2^30 bytes, and an empty last block.
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 20 << 3, 0x01, 0x00, 0x00]
        for compression in [Compression.zstd, .zstdStream] {
            let decompressor = try #require(codec.makeDecompressor(compression, windowLog: 23))
            let error = #expect(throws: DecompressionError.self) { try decompressor.decompress(frame) }
            #expect(error?.message == "cannot be decompressed: Frame requires too much memory for decoding")
        }
    }

    @Test func `a size that the bytes cannot hold gets no memory`() throws {
        // Single segment, eight bytes of size: 1 GiB; an empty last block.
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0x01, 0x00, 0x00]
        let decompressor = try #require(codec.makeDecompressor(.zstd, windowLog: 23))
        var output: [UInt8] = []
        let error = #expect(throws: DecompressionError.self) {
            try decompressor.decompress(frame.rawSpan, into: &output, maxBytes: Int(UInt32.max))
        }
        #expect(error?.message == "states 1073741824 bytes, which its 16 cannot hold")
        #expect(output.isEmpty)
    }

    @Test func `a stream that is ended instead of flushed is a fault`() throws {
        let ended = try #require(codec.makeCompressor(.zstd, windowLog: 20)?.compress(payload(600), []))
        let decompressor = try #require(codec.makeDecompressor(.zstdStream, windowLog: 20))
        let error = #expect(throws: DecompressionError.self) { try decompressor.decompress(ended) }
        #expect(error?.message == "ends the zstd stream, which is to be flushed, not ended")
    }
}
