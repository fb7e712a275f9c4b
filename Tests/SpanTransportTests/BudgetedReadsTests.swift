import NIOCore
import SpanSession
import Testing

@testable import SpanTransport

@Suite struct BudgetedReadsTests {
    @Test("while there is no room, what is read at once is little, however much it was before; then it is as before")
    func fullBudget() {
        let budget = ReceiveBudget(limit: 100)
        var reads = BudgetedReads(budget)
        while reads.record(actualReadBytes: reads.nextBufferSize() ?? 0) {}
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
}
