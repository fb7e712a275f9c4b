import NIOCore
import SpanSession
import Testing

@testable import SpanTransport

@Suite struct BudgetedReadsTests {
    private static func reads(_ budget: ReceiveBudget, _ gate: BudgetedReads.Gate) -> BudgetedReads {
        var reads = BudgetedReads(budget, gate)
        while reads.record(actualReadBytes: reads.nextBufferSize() ?? 0) {}
        return reads
    }

    @Test
    func `while there is no room, what is read at once is little, however much it was before; then it is as before`() {
        let budget = ReceiveBudget(limit: 100, maxFrameBytes: 1024)
        var reads = Self.reads(budget, BudgetedReads.Gate(mostBytes: 1 << 20))
        #expect(reads.nextBufferSize() == 65_536)
        budget.storeTakes(101)
        #expect(reads.nextBufferSize() == 512)
        #expect(reads.buffer(allocator: ByteBufferAllocator()).capacity == 512)
        let mayGrow = reads.record(actualReadBytes: 512)
        #expect(!mayGrow)
        _ = budget.storeAnswered(1, now: .uptimeNanoseconds(1))
        #expect(reads.nextBufferSize() == 65_536)
        #expect(reads.buffer(allocator: ByteBufferAllocator()).capacity == 65_536)
    }

    @Test func `who has to wait reads little of what comes all the same, and others as before`() {
        let budget = ReceiveBudget(limit: 100, maxFrameBytes: 1024)
        let (shut, open) = (BudgetedReads.Gate(mostBytes: 1 << 20), BudgetedReads.Gate(mostBytes: 1 << 20))
        let (waiting, other) = (Self.reads(budget, shut), Self.reads(budget, open))
        shut.set(isStranger: false, isShut: true)
        #expect(waiting.nextBufferSize() == 512)
        #expect(other.nextBufferSize() == 65_536)
        shut.set(isStranger: false, isShut: false)
        #expect(waiting.nextBufferSize() == 65_536)
    }

    @Test func `strangers over their share make strangers read little, and nobody else`() {
        let budget = ReceiveBudget(limit: 800, maxFrameBytes: 1024)
        let (stranger, known) = (BudgetedReads.Gate(mostBytes: 1 << 20), BudgetedReads.Gate(mostBytes: 1 << 20))
        known.set(isStranger: false, isShut: false)
        let (strangers, others) = (Self.reads(budget, stranger), Self.reads(budget, known))
        let part = ReceiveBudget.Holding(unreadBytes: 101, isInsideFrame: true, isStranger: true)
        _ = budget.update(ServerConnectionID(rawValue: 1), part, now: .uptimeNanoseconds(1))
        #expect(strangers.nextBufferSize() == 512)
        #expect(others.nextBufferSize() == 65_536)
    }

    @Test func `with many connections each reads less at once, but no less than 2 KiB`() {
        let gate = BudgetedReads.Gate(mostBytes: 1 << 20)
        let reads = Self.reads(ReceiveBudget(limit: 100, maxFrameBytes: 1024), gate)
        for (most, bytes) in [(1 << 20, 65_536), (5000, 5000), (1, 2048)] {
            gate.allow(most)
            #expect(reads.nextBufferSize() == bytes)
            #expect(reads.buffer(allocator: ByteBufferAllocator()).capacity < bytes * 2)
        }
    }
}
