import ProtoWire
import SpanModel
import SpanSession
import Testing

@testable import SpanSpool

/// Files that are cut short or have wrong bits: nothing traps, and no more is lost than has to be.
struct DamageTests {
    static let segment = Segment.name(1)
    static let drop = [DropCount(reason: "queue_full", spans: 2)]

    /// A spool with spans 0 to 6 of two origins: 0 to 2 are stored, 3 to 5 were sent, 6 was not.
    func specimen() throws -> [String: [UInt8]] {
        let storage = MemoryStorage()
        let spool = try Process(storage)
        for number in 0..<7 { _ = try spool.append(number, number == 4 ? cart : shop) }
        let first = try #require(spool.takeBatch())
        spool.numbered(1, first)
        let second = try #require(spool.takeBatch())
        spool.numbered(2, second, dropped: Self.drop)
        spool.acknowledged(through: 1)
        spool.settle(first)
        return storage.files
    }

    /// All spans of a batch with their services, to see that none is a wrong one.
    func check(_ batches: [EncodedBatch], allowsNoOrigin: Bool = false, _ hint: String) throws {
        for batch in batches {
            for resource in try SpanBatch(decoding: batch.payload).resourceSpans {
                for found in resource.scopeSpans.flatMap(\.spans) {
                    let number = Int(found.spanID.value) - 1
                    let service = resource.resource?.attributes.first?.value
                    let isRight = found == span(number) && service == (number == 4 ? "cart" : "shop")
                    #expect(isRight, "\(hint): span \(number) of \(String(describing: service))")
                }
            }
        }
    }

    @Test func `a segment cut at any byte has the spans before the cut`() throws {
        let files = try specimen()
        let whole = files[Self.segment]!
        let spool = try Process(MemoryStorage(files))
        var ends: [Int] = []
        var walk = RecordWalk(
            try MemoryStorage(files).open(Self.segment, creates: false), seed: spool.spool.segments[0].seed,
            range: 48..<whole.count)
        while case .record(let head, _, _)? = try walk.next({ _ in false }) {
            if head.kind == Segment.spanKind { ends.append(walk.offset) }
        }
        #expect(ends.count == 7 && ends.last == whole.count)
        for cut in 0...whole.count {
            var cutFiles = files
            cutFiles[Self.segment] = Array(whole[..<cut])
            let process = try Process(MemoryStorage(cutFiles))
            let (restored, _) = process.takeRestored()
            let batches = restored.map(\.batch) + process.takeAll()
            try check(batches, "cut at \(cut)")
            let expected = (3..<7).filter { ends[$0] <= cut }
            #expect(batches.flatMap { numbers($0) }.sorted() == expected, "cut at \(cut)")
            #expect(restored.map(\.sequence) == [2] && restored[0].dropped == Self.drop, "cut at \(cut)")
            // Of those that were sent it is known that they were there.
            let lost = process.takeDropped().reduce(0) { $0 + $1.spans }
            #expect(lost == UInt64((3..<6).filter { ends[$0] > cut }.count), "cut at \(cut)")
            // The same is not counted again.
        }
    }

    @Test func `a wrong bit anywhere in a segment costs at most the span that it is in`() throws {
        let files = try specimen()
        for bit in 0..<files[Self.segment]!.count * 8 {
            var wrong = files
            wrong[Self.segment]![bit / 8] ^= 1 << (bit % 8)
            let process = try Process(MemoryStorage(wrong))
            let (restored, _) = process.takeRestored()
            let batches = restored.map(\.batch) + process.takeAll()
            try check(batches, "bit \(bit)")
            let found = Set(batches.flatMap { numbers($0) })
            #expect(found.isSubset(of: 3..<7) && found.count >= 3, "bit \(bit): \(found)")
            #expect(restored.map(\.sequence) == [2], "bit \(bit)")
            let lost = Int(process.takeDropped().reduce(0) { $0 + $1.spans })
            #expect(found.count + lost == 4, "bit \(bit): lost \(lost), found \(found)")
        }
    }

    @Test(arguments: [1, 4])
    func `a wrong bit in a segment that nobody read yet: what is lost is counted, once, and nothing else`(
        _ count: Int
    ) throws {
        let storage = MemoryStorage()
        let first = try Process(storage)
        for number in 0..<count { _ = try first.append(number, number % 2 == 0 ? shop : cart) }
        let files = storage.files
        for bit in 0..<files[Self.segment]!.count * 8 {
            var wrong = files
            wrong[Self.segment]![bit / 8] ^= 1 << (bit % 8)
            let damaged = MemoryStorage(wrong)
            let process = try Process(damaged)
            let found = Set(process.takeAll().flatMap { numbers($0) })
            let lost = process.takeDropped()
            #expect(found.count >= count - 1 && found.isSubset(of: 0..<count), "bit \(bit): \(found)")
            #expect(lost.reduce(0) { $0 + $1.spans } == UInt64(count - found.count), "bit \(bit): \(lost)")
            #expect(lost.allSatisfy { $0.reason == "spool_damaged" }, "bit \(bit)")
            #expect(process.recoveredSpans == count, "bit \(bit): \(process.recoveredSpans)")
            #expect(process.heldSpans == found.count, "bit \(bit): \(process.heldSpans)")
            // The next process knows of the drop, and does not find it again.
            let next = try Process(damaged)
            #expect(Set(next.takeAll().flatMap { numbers($0) }).isSubset(of: found), "bit \(bit)")
            #expect(next.takeRestored().dropped == lost, "bit \(bit)")
        }
    }

    @Test func `a damaged span is counted once, though the process dies before the batch beside it has a number`()
        throws
    {
        let storage = MemoryStorage()
        let first = try Process(storage)
        for number in 0..<5 { _ = try first.append(number) }
        let files = storage.files
        for bit in 0..<files[Self.segment]!.count * 8 {
            var wrong = files
            wrong[Self.segment]![bit / 8] ^= 1 << (bit % 8)
            let damaged = MemoryStorage(wrong)
            let second = try Process(damaged)
            let found = second.takeAll().flatMap { numbers($0) }
            let lost = second.takeDropped()
            let third = try Process(damaged)
            let everything = third.takeEverything()
            #expect(everything.numbers.sorted() == found.sorted(), "bit \(bit)")
            #expect(everything.dropped == lost, "bit \(bit): \(everything.dropped), before \(lost)")
            #expect(third.takeDropped().isEmpty, "bit \(bit)")
        }
    }

    @Test func `a tail that was never finished is no lost span: cut short anywhere, or zeros`() throws {
        let storage = MemoryStorage()
        let first = try Process(storage)
        _ = try first.append(0)
        let start = storage.files[Self.segment]!.count
        _ = try first.append(1)
        let whole = storage.files[Self.segment]!
        for cut in start...whole.count {
            for zeros in [0, 5, 40] where cut == start || zeros == 0 {
                var files = storage.files
                files[Self.segment] = Array(whole[..<cut]) + [UInt8](repeating: 0, count: zeros)
                let process = try Process(MemoryStorage(files))
                #expect(process.takeAll().flatMap { numbers($0) } == (cut == whole.count ? [0, 1] : [0]))
                #expect(process.takeDropped().isEmpty, "cut at \(cut), \(zeros) zeros")
            }
        }
    }

    @Test(arguments: ["closed", "cut and closed", "taken over", "cut and taken over"])
    func `bytes that come behind a segment which the ledger knows to its end are told, and are no lost span`(
        _ life: String
    ) throws {
        let storage = MemoryStorage()
        let first = try Process(storage)
        for number in 0..<4 { _ = try first.append(number) }
        if life.hasPrefix("cut") {
            for (index, batch) in first.takeAll().enumerated() { first.numbered(UInt64(index + 1), batch) }
        }
        if life.hasSuffix("closed") { first.close() } else { _ = try Process(storage) }
        for place in [storage, MemoryStorage(storage.files)] {
            // The second time a later segment is there too.
            if place !== storage {
                let second = try Process(place)
                for number in 4..<6 { _ = try second.append(number) }
                second.close()
            }
            for bytes in [16, 40, 100] {
                for name in place.files.keys.sorted() where Segment.number(of: name) != nil {
                    var files = place.files
                    files[name]! += [UInt8](repeating: 0xA5, count: bytes)
                    let damaged = MemoryStorage(files)
                    let process = try Process(damaged)
                    #expect(process.takeDropped().isEmpty, "\(name), \(bytes) bytes")
                    #expect(process.report.uncountedLosses == 0, "\(name), \(bytes) bytes")
                    #expect(process.findings.count == 1, "\(name), \(bytes) bytes: \(process.findings)")
                    let count = place === storage ? 4 : 6
                    #expect(process.takeEverything().numbers.sorted() == Array(0..<count), "\(name)")
                    #expect(try Process(damaged).takeDropped().isEmpty, "\(name), \(bytes) bytes")
                }
            }
        }
    }

    @Test(arguments: [0..<1, 3..<4, 1..<3, 0..<4])
    func `what is lost in a segment with bytes behind its end is counted once, also when the segment has gone`(
        _ damaged: Range<Int>
    ) throws {
        let storage = MemoryStorage()
        let first = try Process(storage)
        for number in 0..<4 { _ = try first.append(number) }
        first.close()
        var files = storage.files
        let seed = SpoolHeader(.segment, sender: bob, number: 1).seed
        var walk = RecordWalk(
            try storage.open(Self.segment, creates: false), seed: seed, range: 48..<files[Self.segment]!.count)
        var number = 0
        while case .record(let head, _, _)? = try walk.next({ _ in false }) {
            guard head.kind == Segment.spanKind else { continue }
            if damaged.contains(number) { files[Self.segment]![walk.offset - 1] ^= 1 }
            number += 1
        }
        files[Self.segment]! += [UInt8](repeating: 0xA5, count: 40)
        let place = MemoryStorage(files)
        let second = try Process(place)
        let batches = second.takeAll()
        for (index, batch) in batches.enumerated() {
            second.numbered(UInt64(index + 1), batch)
            second.acknowledged(through: UInt64(index + 1))
            second.settle(batch)
        }
        #expect(batches.flatMap { numbers($0) } == (0..<4).filter { !damaged.contains($0) })
        let lost = second.takeDropped()
        #expect(lost == [DropCount(reason: "spool_damaged", spans: UInt64(damaged.count))])
        #expect(place.files[Self.segment] == nil)
        let third = try Process(place)
        #expect(third.takeRestored().dropped == lost)
        #expect(third.takeDropped().isEmpty && third.findings.isEmpty, "\(third.findings)")
    }

    @Test func `a segment with bytes behind its end that is given up for room is given up once`() throws {
        let storage = MemoryStorage()
        let first = try Process(storage, smallSegments(.dropOldest))
        for number in 0..<4 { _ = try first.append(number) }
        first.close()
        var files = storage.files
        files[Self.segment]! += [UInt8](repeating: 0xA5, count: 40)
        let place = MemoryStorage(files)
        let second = try Process(place, smallSegments(.dropOldest))
        var number = 4
        while place.files[Self.segment] != nil, number < 1_000 {
            _ = try second.append(number)
            number += 1
        }
        let dropped = second.takeDropped()
        #expect(dropped == [DropCount(reason: "spool_full", spans: 4)])
        let third = try Process(place, smallSegments(.dropOldest))
        #expect(third.takeRestored().dropped == dropped)
        #expect(third.takeDropped().isEmpty && third.findings.isEmpty, "\(third.findings)")
    }

    @Test func `a wrong bit anywhere in a ledger costs no span`() throws {
        let files = try specimen()
        for name in Ledger.names {
            for bit in 0..<files[name]!.count * 8 {
                var wrong = files
                wrong[name]![bit / 8] ^= 1 << (bit % 8)
                let process = try Process(MemoryStorage(wrong))
                let found = process.takeEverything()
                #expect(Set(found.numbers).isSuperset(of: 3..<7), "\(name), bit \(bit): \(found.numbers)")
                #expect(process.sender == bob)
                #expect(process.takeDropped().isEmpty, "\(name), bit \(bit)")
            }
        }
    }

    @Test func `a ledger cut at any byte costs no span`() throws {
        let files = try specimen()
        for name in Ledger.names {
            for cut in 0..<files[name]!.count {
                var wrong = files
                wrong[name]! = Array(files[name]![..<cut])
                let found = try Process(MemoryStorage(wrong)).takeEverything()
                #expect(Set(found.numbers).isSuperset(of: 3..<7), "\(name) cut at \(cut): \(found.numbers)")
            }
        }
    }

    @Test func `without ledgers everything that is there is sent again, by the same sender`() throws {
        var files = try specimen()
        for name in Ledger.names { files[name] = nil }
        let process = try Process(MemoryStorage(files), newSender: .random())
        #expect(process.sender == bob)
        let found = process.takeEverything()
        #expect(found.restored.isEmpty)
        #expect(found.numbers == [0, 1, 2, 3, 5, 4, 6])
    }

    @Test func `what was found damaged is counted once, not at every start`() throws {
        var files = try specimen()
        let count = files[Self.segment]!.count
        files[Self.segment]![count - 1] ^= 1
        let storage = MemoryStorage(files)
        let first = try Process(storage)
        #expect(first.takeEverything().numbers == [3, 5, 4])
        #expect(first.takeDropped() == [DropCount(reason: "spool_damaged", spans: 1)])
        let second = try Process(storage)
        #expect(second.takeEverything().numbers == [3, 5, 4])
        #expect(second.takeDropped().isEmpty)
        #expect(second.takeRestored().dropped.isEmpty)
    }

    @Test func `files of noise are no spool, and no trap`() throws {
        var random = SplitMix64(seed: 7)
        for _ in 0..<200 {
            var files: [String: [UInt8]] = [:]
            for name in Ledger.names + [Segment.name(1), Segment.name(2), "other"] where Bool.random(using: &random) {
                files[name] = (0..<Int.random(in: 0...900, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
            let process = try Process(MemoryStorage(files))
            #expect(process.takeEverything().numbers.isEmpty)
            _ = try process.append(1)
            #expect(process.takeAll().flatMap { numbers($0) } == [1])
        }
    }
}
