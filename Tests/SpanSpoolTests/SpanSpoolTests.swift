import ProtoWire
import SpanModel
import SpanSession
import Testing

@testable import SpanSpool

struct SpanSpoolTests {
    @Test func `spans come out in batches, with their origins, as they went in`() throws {
        let storage = MemoryStorage()
        let spool = try Process(storage)
        for number in 0..<5 { #expect(try spool.append(number, number == 3 ? cart : shop) == .taken) }
        let batches = spool.takeAll()
        #expect(batches.map { numbers($0) } == [[0, 1, 2], [4, 3]].map { $0.sorted() })
        let second = try SpanBatch(decoding: batches[1].payload)
        #expect(second.resourceSpans.map { $0.resource?.attributes.first?.value } == ["cart", "shop"])
        #expect(second.spans.map { $0 } == [span(3), span(4)])
    }

    @Test func `the next process finds what was not stored, under the same sender`() throws {
        let storage = MemoryStorage()
        do {
            let spool = try Process(storage)
            for number in 0..<7 { _ = try spool.append(number) }
            let first = try #require(spool.takeBatch())
            spool.numbered(1, first)
            spool.acknowledged(through: 1)
            spool.settle(first)
            let second = try #require(spool.takeBatch())
            spool.numbered(2, second, dropped: [DropCount(reason: "queue_full", spans: 2)])
        }
        let spool = try Process(storage, newSender: .random())
        #expect(spool.sender == bob)
        #expect(spool.highestSequence == 2)
        #expect(spool.recoveredSpans == 4 && spool.heldSpans == 4)
        #expect(spool.findings.isEmpty)
        let (restored, dropped) = spool.takeRestored()
        #expect(dropped.isEmpty)
        #expect(restored.map(\.sequence) == [2])
        #expect(restored.first.map { numbers($0.batch) } == [3, 4, 5])
        #expect(restored.first?.dropped == [DropCount(reason: "queue_full", spans: 2)])
        #expect(spool.takeAll().map { numbers($0) } == [[6]])
    }

    @Test func `what is settled leaves the disk, and an idle spool has no segments`() throws {
        let storage = MemoryStorage()
        let spool = try Process(storage, SpanSpoolConfiguration(directory: "", segmentBytes: 64 << 10))
        var sequence: UInt64 = 0
        for round in 0..<20 {
            for number in 0..<30 { _ = try spool.append(round * 30 + number, nameBytes: 1000) }
            for batch in spool.takeAll() {
                sequence += 1
                spool.numbered(sequence, batch)
                spool.acknowledged(through: sequence)
                spool.settle(batch)
            }
            #expect(storage.files.count <= 3)
        }
        #expect(spool.heldSpans == 0)
        spool.close()
        #expect(storage.files.keys.sorted() == ["ledger.0", "ledger.1"])
        #expect(storage.files.values.allSatisfy { $0.count == 600 })
        #expect(spool.diskBytes == 0)
        #expect(try Process(storage).highestSequence == sequence)
    }

    @Test(arguments: [FullQueuePolicy.dropNewest, .dropOldest])
    func `a full spool gives up what its policy says, and counts it`(policy: FullQueuePolicy) throws {
        let storage = MemoryStorage()
        let spool = try Process(
            storage, SpanSpoolConfiguration(directory: "", maxBytes: 1, segmentBytes: 1, whenFull: policy))
        var refused = 0
        for number in 0..<1000 where try spool.append(number, nameBytes: 1000) == .full {
            spool.dropForRoom()
            refused += 1
        }
        #expect(spool.diskBytes <= 4 * 65_536)
        let dropped = spool.takeDropped()
        #expect(dropped.map(\.reason) == ["spool_full"])
        #expect(Int(dropped[0].spans) + spool.heldSpans == 1000)
        #expect((refused > 0) == (policy == .dropNewest))
        let found = spool.takeAll().flatMap { numbers($0) }
        #expect(found.count == 1000 - Int(dropped[0].spans))
        #expect(policy == .dropNewest ? found.first == 0 : found.last == 999)
        // Told or not, the next process knows of it.
        let next = try Process(storage)
        #expect(next.takeRestored().dropped == dropped)
        #expect(next.takeAll().flatMap { numbers($0) } == found)
    }

    @Test func `who waits for room has nothing older given up`() throws {
        let spool = try Process(
            MemoryStorage(), SpanSpoolConfiguration(directory: "", maxBytes: 1, whenFull: .dropOldest))
        var number = 0
        while try spool.append(number, nameBytes: 1000, waits: true) == .taken { number += 1 }
        #expect(try spool.append(number, nameBytes: 1000, waits: true) == .full)
        #expect(spool.takeDropped().isEmpty)
        #expect(try spool.append(number, nameBytes: 1000) == .taken)
        #expect(spool.takeDropped().count == 1)
    }

    @Test func `for a span that never fits nothing is given up`() throws {
        let spool = try Process(
            MemoryStorage(), SpanSpoolConfiguration(directory: "", maxBytes: 1, whenFull: .dropOldest),
            batching: SpanQueueLimits())
        for number in 0..<200 { #expect(try spool.append(number, nameBytes: 1000) == .taken) }
        #expect(try spool.append(200, nameBytes: 300_000) == .tooLarge)
        #expect(spool.heldSpans == 200)
        #expect(spool.takeDropped() == [DropCount(reason: "span_too_large", spans: 1)])
    }

    @Test func `what is on its way is not given up for room`() throws {
        let spool = try Process(
            MemoryStorage(), SpanSpoolConfiguration(directory: "", maxBytes: 1, whenFull: .dropOldest))
        _ = try spool.append(0, nameBytes: 1000)
        let sent = try #require(spool.takeBatch())
        for number in 1..<1000 { _ = try spool.append(number, nameBytes: 1000) }
        spool.settle(sent)
        #expect(spool.report.storedSpans == 1)
        #expect(spool.report.droppedSpans + spool.heldSpans == 999)
    }

    @Test func `a batch that waits for its number survives that what lies behind it is given up`() throws {
        let storage = MemoryStorage()
        let process = try Process(storage, smallSegments(.dropOldest))
        _ = try process.append(0)
        let waiting = try #require(process.takeBatch())
        // Its segment keeps it; the next ones are given up.
        for number in 1..<100 { _ = try process.append(number, nameBytes: 300) }
        while process.spool.segments.first?.unreadSpans ?? 0 > 0 { _ = process.takeBatch() }
        for number in 100..<200 { _ = try process.append(number, nameBytes: 300) }
        #expect(process.report.droppedSpans > 0)
        let crashed = try Process(MemoryStorage(storage.files), smallSegments(.dropOldest))
        #expect(crashed.takeEverything().numbers.contains(0))
        process.numbered(1, waiting)
        let later = try Process(storage, smallSegments(.dropOldest))
        let restored = later.takeRestored().batches
        #expect(restored.first?.sequence == 1 && restored.first.map { numbers($0.batch) } == [0])
    }

    @Test func `a span larger than a batch is dropped and counted`() throws {
        let spool = try Process(MemoryStorage())
        #expect(try spool.append(0, nameBytes: 5000) == .tooLarge)
        #expect(spool.takeDropped() == [DropCount(reason: "span_too_large", spans: 1)])
    }

    @Test func `a disk that fails takes nothing, and goes on where it was when it works again`() throws {
        let storage = MemoryStorage()
        let spool = try Process(storage)
        _ = try spool.append(0)
        for bytes in [0, 1, 20, 60] {
            storage.fail(.diskFull, after: bytes)
            #expect(throws: SpoolError.self) { try spool.append(1) }
            storage.fail(nil)
        }
        _ = try spool.append(2)
        #expect(spool.heldSpans == 2)
        #expect(spool.takeAll().flatMap { numbers($0) } == [0, 2])
        let next = try Process(storage)
        #expect(next.takeEverything().numbers == [0, 2])
    }

    @Test func `a ledger that could not be written is written whole as soon as it can`() throws {
        let storage = MemoryStorage()
        let spool = try Process(storage)
        for number in 0..<4 { _ = try spool.append(number) }
        let batch = try #require(spool.takeBatch())
        storage.fail(.ioFailed, after: 10)
        spool.numbered(1, batch)
        #expect(spool.takeProblem()?.code == .ioFailed)
        #expect(spool.takeProblem() == nil)
        storage.fail(nil)
        spool.recordDropped([DropCount(reason: "queue_full", spans: 1)])
        let next = try Process(storage)
        let found = next.takeEverything()
        #expect(found.restored.map(\.sequence) == [1])
        #expect(found.dropped == [DropCount(reason: "queue_full", spans: 1)])
        #expect(found.numbers == [0, 1, 2, 3])
    }

    @Test func `a batch that was split comes back in its parts, under their numbers`() throws {
        let storage = MemoryStorage()
        let spool = try Process(
            storage, batching: SpanQueueLimits(maxBatchSpans: 9, maxBatchBytes: 4096, maxBatchDelay: .zero))
        for number in 0..<9 { _ = try spool.append(number, number % 2 == 0 ? shop : cart) }
        let batch = try #require(spool.takeBatch())
        let order = numbers(batch)
        spool.numbered(1, batch)
        spool.unnumbered(1)
        spool.numbered(2, batch, 0..<2)
        spool.settle(batch, 2..<3, .spanTooLarge)
        spool.numbered(3, batch, 5..<8)
        spool.acknowledged(through: 2)
        spool.settle(batch, 0..<2)
        for _ in 0..<2 {
            let next = try Process(storage)
            #expect(next.heldSpans == 6)
            let (restored, dropped) = next.takeRestored()
            #expect(restored.map(\.sequence) == [3, 0, 0])
            #expect(restored.map { numbers($0.batch) } == [Array(order[5..<8]), Array(order[3..<5]), [order[8]]])
            #expect(restored.map(\.batch.firstSpan) == [5, 3, 8])
            #expect(dropped == [DropCount(reason: "span_too_large", spans: 1)])
            #expect(next.takeAll().isEmpty)
        }
    }

    @Test func `a later version's files are refused in words, and so are another spool's`() throws {
        let storage = MemoryStorage()
        do {
            let spool = try Process(storage)
            _ = try spool.append(0)
        }
        var files = storage.files
        var header = Array(files[Segment.name(1)]![..<44])
        header[8] = 9
        let sum = CRC32C.checksum(header.rawSpan)
        header += (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
        files[Segment.name(1)]!.replaceSubrange(0..<48, with: header)
        do throws(SpoolError) {
            _ = try Process(MemoryStorage(files))
            Issue.record("a later version was opened")
        } catch {
            #expect(error.code == .unknownVersion)
            #expect(error.message.contains("version 9"))
        }
        files = storage.files
        files[Segment.name(2)] = SpoolHeader(.segment, sender: SenderID(high: 1, low: 2), number: 2).bytes
        do throws(SpoolError) {
            _ = try Process(MemoryStorage(files))
            Issue.record("a foreign segment was taken")
        } catch {
            #expect(error.code == .foreignFile)
        }
        // There is no number behind the last, and ledgers take 0 for none.
        for number in [0, UInt64.max] {
            files = storage.files
            files[Segment.name(number)] = []
            do throws(SpoolError) {
                _ = try Process(MemoryStorage(files))
                Issue.record("segment \(number) was taken")
            } catch {
                #expect(error.code == .foreignFile)
            }
        }
    }

    @Test func `with a sync before every batch, nothing is read that is not on the disk`() throws {
        let storage = MemoryStorage()
        let spool = try Process(storage, SpanSpoolConfiguration(directory: "", sync: .everyBatch))
        for number in 0..<4 { _ = try spool.append(number) }
        #expect(spool.takeBatch() == nil)
        #expect(spool.nextDeadline == nil)
        #expect(spool.syncDeadline == .at(.zero))
        let job = try #require(spool.nextSync(now: .at(.zero)))
        _ = try spool.append(4)
        try job.perform()
        spool.synced(job, nil, now: .at(.zero))
        #expect(storage.syncs > 0)
        #expect(spool.takeAll().flatMap { numbers($0) } == [0, 1, 2, 3])
        #expect(spool.syncDeadline != nil)
    }

    @Test func `with an interval, what is new is synced when it is over; never is never`() throws {
        let spool = try Process(
            MemoryStorage(), SpanSpoolConfiguration(directory: "", sync: .interval(.seconds(5))))
        #expect(spool.syncDeadline == nil)
        _ = try spool.append(0, now: .at(.seconds(1)))
        #expect(spool.syncDeadline == .at(.seconds(6)))
        #expect(spool.nextSync(now: .at(.seconds(5))) == nil)
        let job = try #require(spool.nextSync(now: .at(.seconds(6))))
        spool.synced(job, SpoolError(.ioFailed, "broken"), now: .at(.seconds(6)))
        #expect(spool.takeProblem() != nil)
        #expect(spool.syncDeadline != nil)
        let other = try Process(MemoryStorage(), SpanSpoolConfiguration(directory: "", sync: .never))
        _ = try other.append(0)
        #expect(other.syncDeadline == nil)
        #expect(other.lastSync() == nil)
    }

    @Test func `before a spool is closed what is left of it is synced, whatever the time`() throws {
        let storage = MemoryStorage()
        let spool = try Process(storage, SpanSpoolConfiguration(directory: "", sync: .interval(.seconds(5))))
        #expect(spool.lastSync() == nil)
        _ = try spool.append(0)
        let job = try #require(spool.lastSync())
        try job.perform()
        #expect(storage.syncs > 0)
        spool.synced(job, nil, now: .at(.zero))
        #expect(spool.lastSync() == nil)
    }

    @Test(arguments: [SpoolSync.interval(.seconds(1)), .interval(.zero), .everyBatch])
    func `while a sync is under way no other is due, however late it is; then what came meanwhile is`(
        sync: SpoolSync
    ) throws {
        let spool = try Process(MemoryStorage(), SpanSpoolConfiguration(directory: "", sync: sync))
        for number in 0..<4 { _ = try spool.append(number) }
        let job = try #require(spool.nextSync(now: .at(.seconds(2))))
        for number in 4..<8 { _ = try spool.append(number, now: .at(.seconds(3))) }
        // A deadline that has passed would bring the driver back at once, again and again until the disk is done.
        #expect(spool.syncDeadline == nil)
        #expect(spool.nextSync(now: .at(.seconds(10))) == nil)
        try job.perform()
        spool.synced(job, nil, now: .at(.seconds(10)))
        #expect(spool.syncDeadline != nil)
        #expect(spool.nextSync(now: .at(.seconds(10))) != nil)
    }
}
