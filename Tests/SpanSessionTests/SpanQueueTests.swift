import ProtoWire
import SpanModel
import Testing

@testable import SpanSession

struct SpanQueueTests {
    let start = SessionInstant.at(.zero)

    func fill(_ queue: inout SpanQueue, _ numbers: Range<Int>, _ from: EncodedOrigin = origin) -> [SpanQueue.Outcome] {
        numbers.map { queue.append(span($0).encoded().rawSpan, origin: from, now: start) }
    }

    @Test func `a batch is closed by its spans`() {
        var queue = SpanQueue(limits: SpanQueueLimits(maxBatchSpans: 3))
        #expect(fill(&queue, 0..<4) == [.taken, .taken, .batchReady, .batchReady])
        #expect(queue.nextBatch(now: start)?.spanCount == 3)
        #expect(queue.nextBatch(now: start) == nil)
    }

    @Test func `a batch is closed by its delay`() {
        var queue = SpanQueue(limits: SpanQueueLimits(maxBatchDelay: .milliseconds(200)))
        #expect(queue.nextDeadline == nil)
        _ = fill(&queue, 0..<1)
        #expect(queue.nextDeadline == .at(.milliseconds(200)))
        #expect(queue.nextBatch(now: .at(.milliseconds(199))) == nil)
        #expect(queue.nextBatch(now: .at(.milliseconds(200)))?.spanCount == 1)
        #expect(queue.nextDeadline == nil)
    }

    @Test(arguments: [64, 150, 151, 152, 200, 500, 5000])
    func `a batch is closed by its bytes and never over them`(limit: Int) throws {
        var queue = SpanQueue(limits: SpanQueueLimits(maxBatchBytes: limit))
        let outcomes = fill(&queue, 0..<40)
        _ = queue.flush()
        var seen = 0
        while let batch = queue.nextBatch(now: start) {
            #expect(batch.payload.count <= limit)
            #expect(batch.payload.count <= batch.queuedBytes)
            #expect(
                batch.payload
                    == SpanBatch(resourceSpans: try SpanBatch(decoding: batch.payload).resourceSpans).encoded())
            seen += batch.spanCount
        }
        #expect(seen == outcomes.filter { $0 != .tooLarge }.count)
        #expect(queue.report.droppedSpans == 40 - seen)
    }

    @Test func `spans are grouped by resource and scope, in the order of arrival`() throws {
        let shop = Resource(attributes: [Attribute("service.name", .string("shop"))])
        let db = EncodedOrigin(resource: shop, resourceSchemaURL: "u", scope: InstrumentationScope(name: "db"))
        let http = EncodedOrigin(resource: shop, resourceSchemaURL: "u", scope: InstrumentationScope(name: "http"))
        let httpAgain = EncodedOrigin(resource: shop, resourceSchemaURL: "u", scope: InstrumentationScope(name: "http"))
        let none = EncodedOrigin(resource: nil, scope: nil)
        var queue = SpanQueue()
        for (number, from) in [db, http, none, httpAgain, db].enumerated() {
            _ = fill(&queue, number..<number + 1, from)
        }
        _ = queue.flush()
        let closed = queue.nextBatch(now: start)
        let batch = try SpanBatch(decoding: #require(closed).payload)
        #expect(batch.resourceSpans.count == 2)
        #expect(batch.resourceSpans[0].resource == shop)
        #expect(batch.resourceSpans[0].schemaURL == "u")
        #expect(batch.resourceSpans[0].scopeSpans.map { $0.scope?.name } == ["db", "http"])
        #expect(batch.resourceSpans[0].scopeSpans.map { $0.spans.map(\.spanID.value) } == [[1, 5], [2, 4]])
        #expect(batch.resourceSpans[1].resource == nil)
        #expect(batch.resourceSpans[1].scopeSpans[0].spans == [span(2)])
    }

    @Test func `the bounds hold until spans are settled, not until they are sent`() throws {
        var queue = SpanQueue(limits: SpanQueueLimits(maxQueuedSpans: 4, maxBatchSpans: 10))
        #expect(fill(&queue, 0..<5) == [.taken, .taken, .taken, .taken, .full])
        // Being full makes a batch ready, or a waiting caller would wait for its delay.
        let closed = queue.nextBatch(now: start)
        let batch = try #require(closed)
        #expect(fill(&queue, 5..<6) == [.full])
        queue.settle(BatchReceipt(ordinal: batch.ordinal, spans: 4, queuedBytes: batch.queuedBytes))
        #expect(queue.queuedBytes == 0)
        #expect(fill(&queue, 6..<7) == [.taken])
    }

    @Test func `a full queue gives up its oldest batches, and says so, where the latest spans are to be kept`() throws {
        var queue = SpanQueue(limits: SpanQueueLimits(maxQueuedSpans: 6, maxBatchSpans: 2, whenFull: .dropOldest))
        _ = fill(&queue, 0..<6)
        // Who waits for room takes nothing from others.
        #expect(queue.append(span(6).encoded().rawSpan, origin: origin, waits: true, now: start) == .full)
        #expect(fill(&queue, 6..<9) == [.batchReady, .batchReady, .batchReady])
        #expect(queue.takeDropped() == [DropCount(reason: "queue_full", spans: 4)])
        #expect(queue.queuedSpans == 5)
        let first = queue.nextBatch(now: start)
        let oldest = try SpanBatch(decoding: #require(first).payload)
        #expect(oldest.spans.map(\.spanID.value) == [5, 6])
        #expect(queue.report.droppedSpans == 4 && queue.report.pendingSpans == 5)
    }

    @Test func `what is sent is never given up for room`() {
        var queue = SpanQueue(limits: SpanQueueLimits(maxQueuedSpans: 4, maxBatchSpans: 2, whenFull: .dropOldest))
        _ = fill(&queue, 0..<4)
        #expect(queue.nextBatch(now: start) != nil && queue.nextBatch(now: start) != nil)
        #expect(fill(&queue, 4..<5) == [.full])
        #expect(queue.takeDropped().isEmpty)
    }

    @Test func `an open batch is given up when it is the oldest`() {
        var queue = SpanQueue(limits: SpanQueueLimits(maxQueuedSpans: 3, maxBatchSpans: 10, whenFull: .dropOldest))
        #expect(fill(&queue, 0..<4) == [.taken, .taken, .taken, .taken])
        #expect(queue.takeDropped() == [DropCount(reason: "queue_full", spans: 3)])
        #expect(queue.queuedSpans == 1)
    }

    @Test func `the bound in bytes counts what is held`() {
        var queue = SpanQueue(limits: SpanQueueLimits(maxQueuedBytes: 1000, maxBatchBytes: 400))
        let outcomes = fill(&queue, 0..<100)
        #expect(outcomes.contains(.full))
        #expect(queue.queuedBytes <= 1000)
        #expect(queue.queuedBytes > 800)
    }

    @Test func `a span that no batch can hold is dropped alone and counted`() {
        var queue = SpanQueue(limits: SpanQueueLimits(maxBatchBytes: 200))
        let large = span(1, name: String(repeating: "n", count: 300)).encoded()
        #expect(queue.append(large.rawSpan, origin: origin, now: start) == .tooLarge)
        #expect(fill(&queue, 0..<1) == [.taken])
        queue.drop(.queueFull, spans: 2)
        #expect(
            queue.takeDropped() == [
                DropCount(reason: "span_too_large", spans: 1), DropCount(reason: "queue_full", spans: 2),
            ])
        #expect(queue.takeDropped().isEmpty)
        #expect(queue.report.droppedSpans == 3)
    }

    @Test func `a flush is over when everything before it is settled, in whatever order`() throws {
        var queue = SpanQueue(limits: SpanQueueLimits(maxBatchSpans: 1))
        _ = fill(&queue, 0..<3)
        let target = queue.flush()
        var batches: [EncodedBatch] = []
        while let batch = queue.nextBatch(now: start) { batches.append(batch) }
        _ = fill(&queue, 3..<4)
        #expect(target == 3)
        for index in [2, 0, 1] {
            #expect(!queue.isSettled(through: target))
            let batch = batches[index]
            queue.settle(BatchReceipt(ordinal: batch.ordinal, spans: 1, queuedBytes: batch.queuedBytes))
        }
        #expect(queue.isSettled(through: target))
        #expect(queue.report.storedSpans == 3)
        #expect(queue.report.pendingSpans == 1)
        queue.rejected(2)
        queue.abandon(.shutdown)
        #expect(queue.report.storedSpans == 1)
        #expect(queue.report.rejectedSpans == 2)
        #expect(queue.report.dropped == [DropCount(reason: "shutdown", spans: 1)])
        #expect(queue.queuedSpans == 0 && queue.queuedBytes == 0)
    }

    @Test func `a captured request is taken as it is, without the transport's fields`() throws {
        let batch = Batch(spans: spanBatch(0..<3), sequence: 9, dropped: [DropCount(reason: "r", spans: 1)])
        let taken = try EncodedBatch(request: batch.encoded())
        #expect(taken.payload == batch.spans.encoded())
        #expect(taken.spanCount == 3)
        #expect(throws: WireError.self) { try EncodedBatch(request: [0x0A, 3, 0x12, 2, 0x12]) }
    }

    @Test(arguments: 100...420)
    func `parts of a split batch hold its spans in order, each under the limit`(limit: Int) throws {
        var spans = spanBatch(0..<5)
        spans.resourceSpans += spanBatch(5..<9, service: "cart").resourceSpans
        let batch = EncodedBatch(spans, ordinal: 4)
        let (parts, tooLarge, bytes) = batch.split(maxBytes: limit)
        let found = try parts.flatMap { Array(try SpanBatch(decoding: $0.payload).spans) }
        #expect(found.count + tooLarge.reduce(0) { $0 + $1.count } == 9)
        if tooLarge.isEmpty { #expect(found == Array(spans.spans)) }
        #expect(parts.allSatisfy { $0.payload.count <= limit && $0.ordinal == 4 })
        #expect(parts.reduce(bytes) { $0 + $1.queuedBytes } == batch.queuedBytes)
        #expect(parts.map(\.spanCount).reduce(0, +) == found.count)
        // Parts and gaps tell which of the spans they are.
        let runs = (parts.map { $0.firstSpan..<$0.firstSpan + $0.spanCount } + tooLarge).sorted {
            $0.lowerBound < $1.lowerBound
        }
        #expect(runs.flatMap(Array.init) == Array(0..<9))
        for part in parts {
            let run = part.firstSpan..<part.firstSpan + part.spanCount
            #expect(batch.part(run).payload == part.payload)
        }
    }
}
