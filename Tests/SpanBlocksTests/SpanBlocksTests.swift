import Foundation
import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting
import Testing

/// The seed of all that is random: `SEED` of the environment, else a new one. Printed.
let seed: UInt64 = {
    let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? .random(in: 1...1_000_000)
    print("SpanBlocksTests: SEED=\(seed)")
    return seed
}()

@Suite struct SpanBlocksTests {
    static func reports(_ count: Int, _ generator: inout ReportGenerator) -> SpanBatch {
        SpanBatch(
            resourceSpans: (1...count).flatMap { number in
                generator.batch(
                    of: generator.report(
                        TraceID(high: 1, low: UInt64.random(in: 1...5, using: &generator.random)),
                        SpanID(UInt64(number)), kinds: SpanKind.some)
                ).resourceSpans
            })
    }

    /// A run of a set's reports, each a span of its own.
    ///
    /// - Parameter make: see `RunBuilder.build`.
    static func run(_ set: ReportSet, _ make: (([RunSlice]) -> [MadeSlice])? = nil) -> EncodedRun {
        var builder = RunBuilder(level: 1)
        let order = set.entries.indices.map { Int32($0) }
        let groups = order.map {
            RunBuilder.Group(
                range: Int($0)..<Int($0) + 1, start: set.entries[Int($0)].startUnixNano, merged: nil)
        }
        return builder.build(groups, order: order, in: set, countsServices: true, withColumns: true, make)
    }

    static func decompress(_ frame: [UInt8], maxBytes: Int = 1 << 31) -> [UInt8]? {
        let decompressor = BlockDecompressor()
        return decompressor.decompress(frame, maxBytes: maxBytes)
    }

    @Test func `the hash of the format stays as it is`() {
        let bytes = Array("spanwire, a text of 29 bytes.".utf8)
        #expect(StableHash.hash([UInt8]().rawSpan, seed: 1) == naiveHash([], 1))
        #expect(StableHash.hash(bytes.rawSpan, seed: 7) == naiveHash(bytes, 7))
        for count in 0..<bytes.count {
            #expect(StableHash.hash(Array(bytes[..<count]).rawSpan, seed: 3) == naiveHash(Array(bytes[..<count]), 3))
        }
        #expect(StableHash.mix(1, 2) == 0xBD60_66E6_B2AE_EA0C)
        #expect(StableHash.hash("cart", seed: 1) == naiveHash(Array("cart".utf8), 1))
    }

    @Test func `the fast hash tells a change of any byte, of the length and of the seed`() {
        for count in 0..<100 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
            let hash = StableHash.fastHash(bytes.rawSpan, seed: 5)
            var others = [
                StableHash.fastHash(bytes.rawSpan, seed: 6), StableHash.fastHash((bytes + [0]).rawSpan, seed: 5),
            ]
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 1
                others.append(StableHash.fastHash(changed.rawSpan, seed: 5))
                changed = bytes
                changed.swapAt(index, (index + 8) % count)
                if changed != bytes { others.append(StableHash.fastHash(changed.rawSpan, seed: 5)) }
            }
            #expect(!others.contains(hash) && Set(others).count > count)
        }
    }

    /// As docs/storage.md has it, byte by byte.
    func naiveHash(_ bytes: [UInt8], _ seed: UInt64) -> UInt64 {
        func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
            let product = (a ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: b ^ 0xD6E8_FEB8_6659_FD93)
            return product.high ^ product.low
        }
        var hash = seed
        for start in stride(from: 0, to: bytes.count, by: 8) {
            let word = bytes[start..<min(start + 8, bytes.count)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            hash = mix(hash, word)
        }
        return mix(hash, UInt64(bytes.count))
    }

    @Test(arguments: [1, 40, 1500])
    func `reports come back from their blocks as they went in, whatever is in them`(count: Int) throws {
        var generator = ReportGenerator(seed: seed &+ UInt64(count))
        let batch = Self.reports(count, &generator)
        var set = ReportSet()
        try set.add(batch.encoded(), withTerms: true)
        let run = Self.run(set)
        #expect(run.summary.reports == count)
        #expect(run.services.reduce(0) { $0 + $1.spans } == count)
        var read = ReportSet()
        for block in run.blocks {
            let payload = try #require(Self.decompress(block.data))
            // What any protobuf runtime makes of it.
            #expect(try SpanBatch(decoding: payload).spanCount == block.summary.reports)
            try read.add(payload, withTerms: true)
        }
        func states(_ set: ReportSet) throws -> [SpanKey: [UInt8]] {
            var states: [SpanKey: [UInt8]] = [:]
            for entry in set.entries { states[entry.key] = try set.state(entry).encoded() }
            return states
        }
        #expect(try states(read) == states(set), "SEED=\(seed)")
        let expected = batch.resourceSpans.flatMap { resource in
            resource.scopeSpans.flatMap { scope in
                scope.spans.map { SpanState($0, origin: SharedOrigin(SpanOrigin(resource, scope))).encoded() }
            }
        }
        #expect(Set(try states(read).values) == Set(expected), "SEED=\(seed)")
    }

    @Test func `a block is never left out for a span that is in it: its traces, its terms and its summary are found`()
        throws
    {
        var generator = ReportGenerator(seed: seed)
        var filters = FilterGenerator(seed: seed)
        for _ in 0..<20 {
            var set = ReportSet()
            try set.add(Self.reports(60, &generator).encoded(), withTerms: true)
            let run = Self.run(set)
            let slices = try #require(
                TermSlices(stored: run.termSlices, blocks: run.blocks.count, bits: run.termBits))
            for entry in set.entries {
                let merged = try set.state(entry).merged()
                let trace = TraceHash(entry.key)
                let chunk = run.traceChunks[TraceIndex.chunk(of: trace, count: run.traceChunks.count)]
                #expect(chunk.blocks(of: trace).contains(0))
                for _ in 0..<30 {
                    let filter = filters.filter()
                    guard filter.matches(merged) else { continue }
                    let conditions = SpanQuery(filter: filter).conditions
                    #expect(run.summary.mayMeet(conditions), "\(filter.text) SEED=\(seed)")
                    for term in SearchTerm.terms(of: conditions) {
                        #expect(slices.mayHave(term, block: 0), "\(filter.text) SEED=\(seed)")
                    }
                }
            }
        }
    }

    @Test func `a filter finds little that is not there`() {
        var slices = TermSlices(blocks: 10, maxTerms: 1000)
        var generator = SeededGenerator(seed: seed)
        for block in 0..<10 {
            for _ in 0..<1000 { slices.insert(generator.next(), block: block) }
        }
        var found = 0
        for _ in 0..<10_000 where slices.mayHave(generator.next(), block: 3) { found += 1 }
        // One in 330 is expected.
        #expect(found < 100, "SEED=\(seed)")
    }

    @Test(arguments: [0, 1, 5000])
    func `an index of traces gives each entry back`(count: Int) throws {
        var generator = SeededGenerator(seed: seed)
        let entries = Set(
            (0..<count).map { _ in
                RunTraceChunk.Entry(
                    trace: TraceHash(bits: UInt32.random(in: 0...100_000, using: &generator) &* 42_949),
                    block: UInt16.random(in: 0...UInt16.max, using: &generator))
            })
        let chunks = RunTraceChunk.chunks(Array(entries))
        #expect(Set(chunks.flatMap(\.entries)) == entries)
        for entry in entries.prefix(100) {
            let chunk = chunks[TraceIndex.chunk(of: entry.trace, count: chunks.count)]
            let blocks = entries.filter { $0.trace == entry.trace }.map { Int($0.block) }
            #expect(Set(chunk.blocks(of: entry.trace)) == Set(blocks), "SEED=\(seed)")
            let stored = try #require(RunTraceChunk(stored: chunk.bytes))
            #expect(stored.entries == chunk.entries)
            #expect(RunTraceChunk(stored: Array(chunk.bytes.dropLast())) == nil)
        }
    }

    @Test(arguments: [0, 1, 5000])
    func `an index of traces of several runs gives each entry back`(count: Int) throws {
        var generator = SeededGenerator(seed: seed)
        let entries = Set(
            (0..<count).map { _ in
                SegmentTraceChunk.Entry(
                    trace: TraceHash(bits: UInt32.random(in: 0...100_000, using: &generator) &* 42_949),
                    run: UInt8.random(in: 0...15, using: &generator),
                    block: UInt16.random(in: 0...UInt16.max, using: &generator))
            })
        let chunks = SegmentTraceChunk.chunks(Array(entries))
        #expect(Set(chunks.flatMap(\.entries)) == entries)
        for entry in entries.prefix(100) {
            let chunk = chunks[TraceIndex.chunk(of: entry.trace, count: chunks.count)]
            #expect(Set(chunk.entries(of: entry.trace)) == entries.filter { $0.trace == entry.trace }, "SEED=\(seed)")
            let stored = try #require(SegmentTraceChunk(stored: chunk.bytes))
            #expect(stored.entries == chunk.entries)
            #expect(SegmentTraceChunk(stored: Array(chunk.bytes.dropLast())) == nil)
        }
    }

    @Test func `a frame that was cut, changed or made up gives no other bytes than it had`() {
        let compressor = BlockCompressor(level: 3)
        let bytes = Array(String(repeating: "a block of spans, ", count: 100).utf8)
        let frame = compressor.compress(bytes)
        #expect(Self.decompress(frame) == bytes)
        #expect(Self.decompress(frame, maxBytes: bytes.count - 1) == nil)
        for length in 0..<frame.count { #expect(Self.decompress(Array(frame[..<length])) == nil) }
        for place in 5..<frame.count {
            for bit in 0..<8 {
                var changed = frame
                changed[place] ^= 1 << UInt8(bit)
                // Some bits of a frame mean nothing.
                let found = Self.decompress(changed)
                #expect(found == nil || found == bytes, "byte \(place), bit \(bit)")
            }
        }
        #expect(Self.decompress(bytes) == nil)
        #expect(Self.decompress([]) == nil)
        let empty = compressor.compress([])
        #expect(Self.decompress(empty) == [])
    }

    @Test func `spans of one size make full blocks, and none is larger than it may be unless one span is`() throws {
        let spans: [SpanRecord] = (UInt64(1)...3000).map { number in
            let trace = TraceID(high: number / 8 + 1, low: 1)
            return SpanRecord(
                traceID: trace, spanID: SpanID(number), name: "work", startTimeUnixNano: number,
                endTimeUnixNano: number + 1)
        }
        var huge = spans[0]
        huge.spanID = SpanID(9999)
        huge.attributes = [Attribute("x", .string(String(repeating: "x", count: 2 << 20)))]
        var set = ReportSet()
        let scope = ScopeSpans(scope: nil, spans: spans + [huge])
        try set.add(
            SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])]).encoded(), withTerms: true)
        let run = Self.run(set)
        #expect(run.blocks.map(\.summary.spans).reduce(0, +) == 3001)
        #expect(run.blocks.count <= 8)
        #expect(run.blocks.allSatisfy { $0.summary.spans <= RunBuilder.spansPerBlock })
    }

    @Test func `slices that are made apart, in any order, are the run that is made at once`() throws {
        var generator = ReportGenerator(seed: seed)
        var set = ReportSet()
        for _ in 0..<4 { try set.add(Self.reports(4000, &generator).encoded(), withTerms: true) }
        let spans = set.entries.count
        let whole = Self.run(set)
        var slices = 0
        let apart = Self.run(set) { parts in
            slices = parts.count
            var made: [(Int, MadeSlice)] = []
            for (index, part) in parts.enumerated().reversed() {
                var maker = SliceMaker(level: 1)
                made.append((index, maker.make(part)))
            }
            return made.sorted { $0.0 < $1.0 }.map(\.1)
        }
        #expect(slices > 1 && whole.columns.count == slices)
        #expect(apart.blocks.map(\.data) == whole.blocks.map(\.data))
        #expect(apart.columns.map(\.data) == whole.columns.map(\.data))
        #expect(apart.columns.map(\.firstBlock) == whole.columns.map(\.firstBlock))
        #expect(apart.termBits == whole.termBits && apart.termSlices == whole.termSlices)
        #expect(apart.traceChunks == whole.traceChunks && apart.rawBytes == whole.rawBytes)
        #expect(apart.summary.spans == spans && whole.summary.spans == spans)
        func services(_ run: EncodedRun) -> [String] {
            run.services.map { "\($0.name) \($0.spans) \($0.newestStart)" }.sorted()
        }
        #expect(services(apart) == services(whole))
    }
}
