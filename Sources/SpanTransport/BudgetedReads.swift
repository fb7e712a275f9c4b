import NIOCore

/// How much a connection reads at once: as much as it mostly gets, and next to nothing while the server holds all it may.
///
/// A connection learns that there is no room by reading, and there may be thousands of them.
struct BudgetedReads: RecvByteBufferAllocator {
    private let budget: ReceiveBudget
    private var usual = AdaptiveRecvByteBufferAllocator()

    /// Enough for a sender whose turn it is to get done.
    static let bytesWithoutRoom = 512

    init(_ budget: ReceiveBudget) { self.budget = budget }

    func nextBufferSize() -> Int? { budget.hasRoom ? usual.nextBufferSize() : Self.bytesWithoutRoom }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        budget.hasRoom ? usual.buffer(allocator: allocator) : allocator.buffer(capacity: Self.bytesWithoutRoom)
    }

    mutating func record(actualReadBytes: Int) -> Bool {
        // What was read while there was no room says nothing of what comes.
        budget.hasRoom && usual.record(actualReadBytes: actualReadBytes)
    }
}
