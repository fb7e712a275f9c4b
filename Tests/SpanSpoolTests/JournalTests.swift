import SpanModel
import SpanSession
import Testing

@testable import SpanSpool

/// What is told under the spool's lock and written outside of it.
struct JournalTests {
    @Test func `what is told is not written before somebody does it, and then in the order in which it was told`()
        throws
    {
        let storage = MemoryStorage()
        let spool = try Process(storage, defersWrites: true)
        for number in 0..<4 { _ = try spool.append(number) }
        let batch = try #require(spool.takeBatch())
        // That there is a segment.
        try #require(spool.takeWork()).perform()
        spool.worked()
        #expect(spool.takeWork() == nil)
        let count = storage.operationCount
        let first = spool.spool.numbered(
            NumberedBatch(sequence: 1, source: .spool, ordinal: batch.ordinal, firstSpan: 0, spanCount: 3))
        let second = spool.spool.unnumbered(1)
        #expect(second > first)
        #expect(storage.operationCount == count)
        let work = try #require(spool.takeWork())
        // One does it at a time.
        spool.recordDropped([DropCount(reason: "queue_full", spans: 2)])
        #expect(spool.takeWork() == nil)
        #expect(work.perform() > second)
        spool.worked()
        let found = try Process(storage).takeEverything()
        #expect(found.restored.map(\.sequence) == [0] && found.numbers == [0, 1, 2, 3])
        #expect(found.dropped == [DropCount(reason: "queue_full", spans: 2)])
        // Done already: nothing is done twice.
        let done = storage.operationCount
        spool.takeWork()?.perform()
        #expect(storage.operationCount == done)
    }

    @Test func `a batch of the queue is not taken for the one of the spool that has its ordinal`() throws {
        let storage = MemoryStorage()
        let spool = try Process(storage)
        for number in 0..<4 { _ = try spool.append(number) }
        let batch = try #require(spool.takeBatch())
        #expect(batch.source == .spool)
        spool.spool.numbered(NumberedBatch(sequence: 1, ordinal: batch.ordinal, firstSpan: 0, spanCount: 4))
        spool.spool.settle(BatchReceipt(ordinal: batch.ordinal, spans: 4, queuedBytes: 0))
        #expect(spool.spool.heldSpans == 4)
        let found = try Process(storage).takeEverything()
        // The number is known, without spans; the batch of the spool has none.
        #expect(found.restored.map(\.sequence) == [1])
        #expect(found.restored.map(\.batch.spanCount) == [0])
        #expect(found.numbers == [0, 1, 2, 3])
    }

    @Test func `counts that wait for a disk that does not answer become one record`() throws {
        let storage = MemoryStorage()
        let spool = try Process(storage, defersWrites: true)
        for _ in 0..<1000 { spool.dropForRoom() }
        let count = storage.operationCount
        spool.takeWork()?.perform()
        #expect(storage.operationCount == count + 1)
        #expect(try Process(storage).takeRestored().dropped == [DropCount(reason: "spool_full", spans: 1000)])
    }

    @Test func `what makes room writes everything that was told before it first`() throws {
        let storage = MemoryStorage()
        let spool = try Process(storage, smallSegments(.dropOldest), defersWrites: true)
        var number = 0
        // The first segment's spans are on their way, those of the second are given up for room.
        while spool.diskBytes < 4096 { number += spool.offerLarge(number) }
        let batch = try #require(spool.takeBatch())
        spool.numbered(1, batch)
        while spool.report.droppedSpans == 0 { number += spool.offerLarge(number) }
        let next = try Process(MemoryStorage(storage.files), smallSegments(.dropOldest))
        let found = next.takeRestored()
        #expect(found.batches.first?.sequence == 1)
        #expect(found.dropped == spool.takeDropped())
    }

    @Test func `a segment is not removed before the drop of its spans is written`() throws {
        let storage = MemoryStorage()
        let first = try Process(storage)
        _ = try first.append(0)
        var files = storage.files
        files[Segment.name(1)]![files[Segment.name(1)]!.count - 1] ^= 1
        let damaged = MemoryStorage(files)
        let spool = try Process(damaged, defersWrites: true)
        #expect(spool.takeAll().isEmpty)
        #expect(damaged.files[Segment.name(1)] != nil)
        damaged.fail(.ioFailed)
        spool.takeWork()?.perform()
        spool.worked()
        #expect(damaged.files[Segment.name(1)] != nil)
        damaged.fail(nil)
        spool.recordDropped([DropCount(reason: "queue_full", spans: 1)])
        spool.takeWork()?.perform()
        #expect(damaged.files[Segment.name(1)] == nil)
    }

    @Test func `what could not be removed for want of a ledger goes with the first room that is made`() throws {
        let storage = MemoryStorage()
        let spool = try Process(storage, smallSegments(.dropOldest), defersWrites: true)
        var number = 0
        while storage.files[Segment.name(4)] == nil { number += spool.offerLarge(number) }
        storage.fail(.ioFailed)
        spool.recordDropped([DropCount(reason: "queue_full", spans: 1)])
        spool.takeWork()?.perform()
        spool.worked()
        storage.fail(nil)
        while spool.report.droppedSpans == 0 { number += spool.offerLarge(number) }
        // The file with the spans that were given up would bring them back.
        #expect(storage.files[Segment.name(1)] == nil)
        let next = try Process(MemoryStorage(storage.files), smallSegments(.dropOldest)).takeEverything()
        #expect(next.dropped == [DropCount(reason: "queue_full", spans: 1)] + spool.takeDropped())
        #expect(next.numbers.count + Int(spool.report.droppedSpans) == number)
    }

    @Test func `sizes set later are held to the same bounds as those given at first`() {
        var settings = SpanSpoolConfiguration(directory: "")
        settings.maxBytes = -1
        #expect(settings.maxBytes == 256 << 10 && settings.segmentBytes == 64 << 10)
        settings.maxBytes = 1 << 40
        settings.segmentBytes = 1 << 40
        #expect(settings.segmentBytes == 1 << 30)
        settings.segmentBytes = 0
        #expect(settings.segmentBytes == 64 << 10)
        settings.segmentBytes = 1 << 20
        settings.maxBytes = 1 << 20
        #expect(settings.maxBytes == 1 << 20 && settings.segmentBytes == 256 << 10)
        #expect(settings == SpanSpoolConfiguration(directory: "", maxBytes: 1 << 20, segmentBytes: 256 << 10))
    }
}

extension Process {
    /// - Returns: 1.
    fileprivate func offerLarge(_ number: Int) -> Int {
        _ = try? append(number, nameBytes: 600)
        return 1
    }
}
