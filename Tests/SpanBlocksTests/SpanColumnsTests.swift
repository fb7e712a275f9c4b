import ProtoWire
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting
import Testing

@testable import SpanBlocks

@Suite struct SpanColumnsTests {
    static let everything = SpanColumns.Wanted(calls: true, allAttributes: true)

    /// Columns of spans of one report each, in blocks of different sizes, and the spans.
    static func columns(_ count: Int, _ random: inout ReportGenerator) throws -> (SpanColumns, [MergedSpan]) {
        var set = ReportSet()
        try set.add(SpanBlocksTests.reports(count, &random).encoded(), withTerms: true)
        var builder = SpanColumnsBuilder(rows: set.entries.count)
        var spans: [MergedSpan] = []
        let order = set.entries.indices.sorted { set.entries[$0].key < set.entries[$1].key }
        for (place, number) in order.enumerated() {
            if place % 37 == 0 { builder.beginBlock() }
            let merged = try set.state(set.entries[number]).merged()
            // Some as if they had been joined.
            if place % 11 == 5 {
                builder.add(merged)
            } else {
                try builder.add(set.entries[number], number: Int32(number), of: set)
            }
            spans.append(merged)
        }
        return (try builder.finish(set), spans)
    }

    @Test func `columns say of each span what the span says, and the same once they are stored`() throws {
        var random = ReportGenerator(seed: seed)
        let (columns, spans) = try Self.columns(300, &random)
        #expect((0..<columns.count).map { columns.row($0) } == spans.map { SpanRow($0) }, "SEED=\(seed)")
        let data = columns.encoded(BlockCompressor(level: 1))
        let stored = try #require(SpanColumns(decoding: data, Self.everything))
        #expect(stored.agrees(with: columns), "SEED=\(seed)")
        #expect(columns.blockTraces == stored.blockTraces)
        #expect(stored.startPrecision == SpanColumns.storedPrecision)
        #expect(SpanColumns.ids(decoding: data) == stored.span)
        var other = columns
        other.duration[7] &+= 1
        #expect(!stored.agrees(with: other))
    }

    @Test func `rows that are read alone are those of the whole columns`() throws {
        var random = ReportGenerator(seed: seed)
        let (columns, _) = try Self.columns(300, &random)
        let data = columns.encoded(BlockCompressor(level: 1))
        let stored = try #require(SpanColumns(decoding: data, Self.everything))
        let rows = try #require(StoredRows(data, attributes: Set(stored.attributes.map(\.key))))
        #expect(Int(rows.count) == stored.count)
        #expect(rows.operations == stored.operations)
        for _ in 0..<50 {
            let places = (0..<rows.count).filter { _ in Bool.random(using: &random.random) }
            let traces = try #require(rows.traces(places))
            #expect(traces == places.map { stored.trace[Int($0)] })
            #expect(rows.starts(places, traces: traces) == places.map { stored.start[Int($0)] })
            #expect(rows.durations(places) == places.map { stored.duration[Int($0)] })
            #expect(rows.flags(places) == places.map { stored.flags[Int($0)] })
            #expect(rows.ids(places) == places.map { stored.span[Int($0)] })
        }
        #expect(rows.attributes.map(\.key) == stored.attributes.map(\.key))
        for (attribute, column) in zip(rows.attributes, stored.attributes) {
            for (number, value) in column.values.enumerated() {
                let meant = attribute.rows(text: nil, isAlone: true) { $0 == value }
                let expected = column.rows.map {
                    $0 == SpanColumns.AttributeColumn.untold
                        || Int($0) == number + Int(SpanColumns.AttributeColumn.first)
                }
                #expect(meant == expected)
                guard case .string(let text) = value else { continue }
                #expect(attribute.rows(text: ExactText(text), isAlone: true) { _ in false } == expected)
            }
        }
    }

    @Test func `bytes that are no columns give none, and no trap`() throws {
        var random = ReportGenerator(seed: seed)
        let (columns, _) = try Self.columns(60, &random)
        let compressor = BlockCompressor(level: 1)
        let whole = columns.encoded(compressor)
        for _ in 0..<3000 {
            var data = whole
            for _ in 0...Int.random(in: 0...2, using: &random.random) {
                let place = Int.random(in: 0..<data.count, using: &random.random)
                data[place] = UInt8.random(in: 0...255, using: &random.random)
            }
            if Bool.random(using: &random.random) {
                data.removeLast(Int.random(in: 0..<data.count, using: &random.random))
            }
            _ = SpanColumns(decoding: data, Self.everything)
            _ = SpanColumns.ids(decoding: data)
        }
        // Parts whose checksums are right, and whose content is not.
        for part: UInt8 in [1, 2, 3, 4] {
            for _ in 0..<1000 {
                var content = (0..<Int.random(in: 0...40, using: &random.random)).map { _ in
                    UInt8.random(in: 0...255, using: &random.random)
                }
                content.insert(UInt8.random(in: 1...9, using: &random.random) << 3 | 2, at: 0)
                let frame = compressor.compress(content)
                var data = whole
                data += [part << 3 | 2, UInt8(truncatingIfNeeded: frame.count) | 0x80, UInt8(frame.count >> 7)] + frame
                _ = SpanColumns(decoding: data, Self.everything)
                if let rows = StoredRows(data, attributes: Set(columns.attributes.map(\.key))) {
                    let places = Array(0..<min(rows.count, 100))
                    if let traces = rows.traces(places) { _ = rows.starts(places, traces: traces) }
                    _ = rows.durations(places)
                    _ = rows.ids(places)
                    for attribute in rows.attributes { _ = attribute.rows(text: nil, isAlone: true) { _ in true } }
                }
            }
        }
    }

    @Test func `packed numbers are found at any places`() throws {
        var random = ReportGenerator(seed: seed)
        for _ in 0..<300 {
            let numbers = (0..<Int.random(in: 0...60, using: &random.random)).map { _ in
                UInt64.random(in: 0...UInt64.max, using: &random.random)
                    >> UInt64.random(in: 0...63, using: &random.random)
            }
            var bytes: [UInt8] = []
            for var number in numbers {
                while number >= 0x80 {
                    bytes.append(UInt8(truncatingIfNeeded: number) | 0x80)
                    number >>= 7
                }
                bytes.append(UInt8(number))
            }
            let packed = PackedNumbers(bytes.rawSpan)
            #expect(packed.numbers == numbers)
            let places = numbers.indices.filter { _ in Int.random(in: 0...5, using: &random.random) == 0 }
            #expect(packed.numbers(at: places.map { Int32($0) }) == places.map { numbers[$0] })
        }
    }
}
