import NIOCore
import Synchronization

/// The size of a connection's reads: as much as it mostly gets, less with many connections, and next to nothing while
/// the server holds all it may, or it has to wait.
///
/// A connection learns that there is no room by reading, and there may be thousands of them; each keeps the buffer that
/// it read into.
struct BudgetedReads: RecvByteBufferAllocator {
    /// The connection's word on itself.
    final class Gate: Sendable {
        fileprivate let isStranger = Atomic(true)
        fileprivate let isShut = Atomic(false)
        fileprivate let mostBytes: Atomic<Int>

        /// - Parameter mostBytes: how much to read at once, as in `allow`.
        init(mostBytes: Int) { self.mostBytes = Atomic(max(mostBytes, BudgetedReads.leastBytes)) }

        /// Reads at the most so many bytes at once, but 2 KiB in any case.
        func allow(_ mostBytes: Int) {
            self.mostBytes.store(max(mostBytes, BudgetedReads.leastBytes), ordering: .relaxed)
        }

        /// - Parameters:
        ///   - isStranger: it is not welcomed.
        ///   - isShut: it is not to read, though what it began to read goes on for a while.
        func set(isStranger: Bool, isShut: Bool) {
            self.isStranger.store(isStranger, ordering: .relaxed)
            self.isShut.store(isShut, ordering: .relaxed)
        }
    }

    private let budget: ReceiveBudget
    private let gate: Gate
    private var usual = AdaptiveRecvByteBufferAllocator()

    /// Enough for a few bytes to show that there is room again.
    static let bytesWithoutRoom = 512

    private static let leastBytes = 2048

    init(_ budget: ReceiveBudget, _ gate: Gate) {
        self.budget = budget
        self.gate = gate
    }

    private var isRoomy: Bool {
        !gate.isShut.load(ordering: .relaxed)
            && budget.isRoomy(isStranger: gate.isStranger.load(ordering: .relaxed))
    }

    private var nextBytes: Int {
        guard isRoomy, let bytes = usual.nextBufferSize() else { return Self.bytesWithoutRoom }
        return min(bytes, gate.mostBytes.load(ordering: .relaxed))
    }

    func nextBufferSize() -> Int? { nextBytes }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: nextBytes) }

    mutating func record(actualReadBytes: Int) -> Bool {
        // What was read while there was no room says nothing of what comes.
        isRoomy && usual.record(actualReadBytes: actualReadBytes)
    }
}
