import ProtoWire
import SpanModel
import SpanSession
import Testing

@testable import SpanSpool

struct FormatTests {
    func checksum(_ bytes: [UInt8], after earlier: UInt32 = 0) -> UInt32 {
        CRC32C.checksum(bytes.rawSpan, after: earlier)
    }

    @Test func `the checksum is the Castagnoli one of RFC 3720`() {
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
        #expect(checksum([UInt8]("123456789".utf8)) == 0xE306_9283)
    }

    @Test func `a checksum goes on where another ended, at every place`() {
        let bytes = (0..<67).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let whole = checksum(bytes)
        for cut in 0...bytes.count {
            #expect(checksum(Array(bytes[cut...]), after: checksum(Array(bytes[..<cut]))) == whole)
        }
    }

    @Test func `every ledger record comes back from its bytes, and no shorter ones pass`() {
        let part = SpoolPart(
            range: SpoolRange(segment: 7, start: 48, end: 4000), batchSpans: 20, first: 3, count: 5)
        let drops = [DropCount(reason: "spool_full", spans: 9), DropCount(reason: "ü", spans: .max)]
        let records: [LedgerRecord] = [
            .numbered(sequence: 5, part: part, dropped: drops), .numbered(sequence: 6, part: nil, dropped: []),
            .unnumbered(sequence: 7), .stored(through: .max), .done(part), .dropped(drops), .cut(part),
            .position(sequence: 8, segment: 9, offset: 10),
            .held(SpoolAccount(segment: 11, start: 48, end: 4000, spans: 12)),
        ]
        for record in records {
            #expect(LedgerRecord(kind: record.kind, body: record.body) == record)
            for cut in 0..<record.body.count {
                #expect(LedgerRecord(kind: record.kind, body: Array(record.body[..<cut])) != record)
            }
        }
        #expect(LedgerRecord(kind: 200, body: []) == nil)
    }

    @Test func `a ledger's state comes out of its shortest form as it went in`() {
        func part(_ start: UInt32, _ first: UInt32, _ count: UInt32) -> SpoolPart {
            SpoolPart(
                range: SpoolRange(segment: 1, start: start, end: start + 100), batchSpans: 10, first: first,
                count: count)
        }
        let drop = [DropCount(reason: "queue_full", spans: 4)]
        var state = LedgerState()
        for record in [
            LedgerRecord.dropped(drop), .numbered(sequence: 1, part: part(48, 0, 10), dropped: drop),
            .numbered(sequence: 2, part: part(148, 0, 10), dropped: []), .dropped(drop), .stored(through: 1),
            .unnumbered(sequence: 2), .numbered(sequence: 3, part: part(148, 0, 4), dropped: drop),
            .done(part(148, 4, 1)), .numbered(sequence: 4, part: part(148, 5, 5), dropped: []), .dropped(drop),
            .held(SpoolAccount(segment: 1, start: 248, end: 900, spans: 7)),
        ] { state.apply(record) }
        #expect(state.open.count == 1 && state.numbered.map(\.sequence) == [3, 4])
        var again = LedgerState()
        for record in state.records { again.apply(record) }
        #expect(again == state)
    }

    @Test func `a header of another version is named, a damaged one is not taken for one`() {
        let header = SpoolHeader(.segment, sender: bob, number: 3)
        #expect(SpoolHeader.read(.segment, header.bytes) == .valid(header))
        #expect(SpoolHeader.read(.ledger, header.bytes) == .damaged)
        for bit in 0..<SpoolHeader.byteCount * 8 {
            var bytes = header.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(SpoolHeader.read(.segment, bytes) == .damaged)
        }
        var later = Array(header.bytes[..<44])
        later[8] = 2
        let sum = checksum(later)
        later += (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
        #expect(SpoolHeader.read(.segment, later) == .unknownVersion(2))
    }
}
