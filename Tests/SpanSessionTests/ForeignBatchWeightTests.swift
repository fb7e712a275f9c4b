import ProtoWire
import SpanModel
import Testing

@testable import SpanSession

/// Batches as other programs may write them: fields in any order, several times, with unknown ones between.
private struct ForeignBatch {
    var random: SplitMix64
    /// Whether values may have lists of which another member of the oneof takes the place.
    let replacesLists: Bool

    let seed: UInt64

    init(seed: UInt64, replacesLists: Bool = true) {
        self.seed = seed
        random = SplitMix64(seed: seed)
        self.replacesLists = replacesLists
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func bytes(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(content.count)) + content
    }

    static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }

    private mutating func some(_ most: Int, _ make: (inout ForeignBatch) -> [UInt8]) -> [[UInt8]] {
        (0..<Int.random(in: 0...most, using: &random)).map { _ in make(&self) }
    }

    private mutating func shuffled(_ fields: [[UInt8]]) -> [UInt8] {
        var all = fields
        switch Int.random(in: 0...9, using: &random) {
        case 0: all.append(Self.number(99, 7))
        case 1: all.append(Self.bytes(99, [1, 2, 3]))
        case 2: all.append(Self.varint(99 << 3 | 3) + Self.varint(99 << 3 | 4))
        default: break
        }
        if Bool.random(using: &random) { all.shuffle(using: &random) }
        return all.flatMap(\.self)
    }

    private mutating func value(_ depth: Int) -> [UInt8] {
        // Mostly one kind; several, of which the last holds, and lists of one kind that are joined.
        let count = Int.random(in: 0...9, using: &random) < 7 ? 1 : Int.random(in: 0...3, using: &random)
        let kinds = depth < 3 ? 0...6 : 0...3
        let soleKind = Int.random(in: kinds, using: &random)
        return shuffled(
            (0..<count).map { _ in
                switch replacesLists ? Int.random(in: kinds, using: &random) : soleKind {
                case 0: Self.bytes(1, [0x61])
                case 1: Self.number(2, 1)
                case 2: Self.number(3, 300)
                case 3: Self.bytes(7, [0xFF])
                case 4, 5: Self.bytes(5, shuffled(some(3) { Self.bytes(1, $0.value(depth + 1)) }))
                default: Self.bytes(6, shuffled(some(3) { Self.bytes(1, $0.attribute(depth + 1)) }))
                }
            })
    }

    private mutating func attribute(_ depth: Int = 0) -> [UInt8] {
        let most = replacesLists ? 2 : 1
        let values = Int.random(in: 0...9, using: &random) < 8 ? 1 : Int.random(in: 0...most, using: &random)
        return shuffled([Self.bytes(1, [0x6B])] + (0..<values).map { _ in Self.bytes(2, value(depth)) })
    }

    private mutating func attributes(_ field: UInt64, _ most: Int) -> [[UInt8]] {
        some(most) { Self.bytes(field, $0.attribute()) }
    }

    private mutating func span() -> [UInt8] {
        var fields = [Self.bytes(1, [UInt8](repeating: 1, count: 16)), Self.bytes(2, [UInt8](repeating: 2, count: 8))]
        fields += attributes(9, 20)
        fields += some(3) { Self.bytes(11, $0.shuffled([Self.bytes(2, [0x65])] + $0.attributes(3, 3))) }
        fields += some(2) { Self.bytes(13, $0.shuffled($0.attributes(4, 3))) }
        return shuffled(fields)
    }

    /// Fields 1 of a `Batch`.
    mutating func resourceSpans() -> [UInt8] {
        (0..<Int.random(in: 1...3, using: &random)).flatMap { _ -> [UInt8] in
            var fields = some(2) {
                Self.bytes(
                    1, $0.shuffled($0.attributes(1, 3) + $0.some(2) { _ in Self.bytes(3, Self.bytes(2, [0x68])) }))
            }
            fields += some(3) {
                let scopes = $0.some(2) { Self.bytes(1, $0.shuffled([Self.bytes(1, [0x73])] + $0.attributes(3, 2))) }
                return Self.bytes(2, $0.shuffled(scopes + $0.some(4) { Self.bytes(2, $0.span()) }))
            }
            return Self.bytes(1, shuffled(fields))
        }
    }
}

/// A weight does not depend on who wrote a batch, nor on the way on which it is read.
struct ForeignBatchWeightTests {
    let start = SessionInstant.at(.zero)

    /// What a collector with that bound does with a batch; `nil` when it refuses it.
    private func weight(_ payload: [UInt8], limit: Int) -> Int? {
        var server = welcomedServer(ServerSettings(maxBatchWeight: limit))
        return server.received(frame(FrameKind.batch.rawValue, payload).rawSpan, now: start).stores.first?.weight
    }

    @Test(arguments: seeds(300))
    func `a batch of any form weighs the same as it stands, as records, mended, and for its sender`(
        _ seed: UInt64
    ) throws {
        var foreign = ForeignBatch(seed: seed, replacesLists: false)
        let spans = foreign.resourceSpans()
        let expected = BatchWeightTests.sixteenths(try SpanBatch(decoding: spans))
        try expectWeight(expected, spans, &foreign)
    }

    @Test(arguments: seeds(300))
    func `lists that are replaced weigh what their elements could, by every way on which a batch is read`(
        _ seed: UInt64
    ) throws {
        var foreign = ForeignBatch(seed: seed)
        let spans = foreign.resourceSpans()
        let least = BatchWeightTests.sixteenths(try SpanBatch(decoding: spans))
        let weight = try EncodedBatch(request: spans).sixteenths
        #expect(weight >= least, "SEED=\(seed)")
        try expectWeight(weight, spans, &foreign)
    }

    private func expectWeight(_ expected: Int, _ spans: [UInt8], _ foreign: inout ForeignBatch) throws {
        let seed = foreign.seed
        let encoded = try EncodedBatch(request: spans)
        #expect(encoded.sixteenths == expected, "SEED=\(seed)")
        #expect(encoded.mostSixteenths >= expected, "SEED=\(seed)")
        let drops = (0..<Int.random(in: 0...40, using: &foreign.random)).map { number in
            ForeignBatch.bytes(1002, ForeignBatch.bytes(1, [0x61 + UInt8(number % 26)]) + ForeignBatch.number(2, 1))
        }
        let weight = (expected + drops.count) / 16
        let trailer = ForeignBatch.number(1001, 1) + drops.flatMap(\.self)
        // As usual; with a field that sends it to be decoded; with the transport's own fields first.
        for payload in [spans + trailer, spans + trailer + ForeignBatch.number(99, 1), trailer + spans] {
            #expect(2 * weight <= payload.count, "SEED=\(seed)")
            if weight > 0 { #expect(self.weight(payload, limit: weight) == weight, "SEED=\(seed)") }
            if weight > 1 { #expect(self.weight(payload, limit: weight - 1) == nil, "SEED=\(seed)") }
        }
    }

    @Test(arguments: seeds(300))
    func `a batch of any form comes to an end in parts that any bound takes`(_ seed: UInt64) throws {
        var foreign = ForeignBatch(seed: seed)
        let encoded = try EncodedBatch(request: foreign.resourceSpans())
        let limit = Int.random(in: 1...max(encoded.sixteenths / 16, 1), using: &foreign.random)
        let (parts, tooLarge, _) = encoded.split(maxBytes: .max, maxSixteenths: 16 * limit + 15)
        for part in parts {
            #expect(part.sixteenths / 16 <= limit, "SEED=\(seed)")
            #expect(weight(part.payload + ForeignBatch.number(1001, 1), limit: limit) != nil, "SEED=\(seed)")
        }
        let runs = parts.map { $0.firstSpan..<$0.firstSpan + $0.spanCount } + tooLarge
        #expect(runs.flatMap(\.self).sorted() == Array(0..<encoded.spanCount), "SEED=\(seed)")
    }
}
