import SpanBlockStore
import SpanStorage
import Synchronization

/// The connections that answer questions: opened as they are needed, each on a thread of its own, so that a slow question
/// holds up no other.
final class ReaderPool: Sendable {
    typealias Length = QuestionLength

    /// How many questions are answered at once.
    static let maxReaders = Length.lookUp.most
    /// How many stay open while nothing is asked; each keeps some MB of what it read last.
    private static let maxIdle = 1

    /// Somebody who waits for his turn; he is told whether it came.
    private typealias Waiter = CheckedContinuation<Bool, Never>

    private struct State {
        /// The one that was used last is at the end.
        var idle: [SQLiteReader] = []
        var turns = ReaderTurns<Waiter>()
        /// How many calls close readers that are not needed any more.
        var ending = 0
        var isClosed = false
        /// Who waits for the end of all.
        var closing: [CheckedContinuation<Void, Never>] = []

        /// Takes readers out that are more than so many.
        mutating func takeIdle(besides kept: Int) -> [SQLiteReader] {
            let surplus = Array(idle.prefix(max(idle.count - kept, 0)))
            idle.removeFirst(surplus.count)
            return surplus
        }

        /// Who waits for the end of all, once that has come.
        mutating func takeClosing() -> [CheckedContinuation<Void, Never>] {
            guard isClosed, turns.busy == 0, ending == 0 else { return [] }
            defer { closing = [] }
            return closing
        }
    }

    private let path: String
    private let share: WorkShare
    private let options: SQLiteStoreOptions
    private let state = Mutex(State())

    /// - Parameter first: a reader that is open.
    init(_ first: SQLiteReader, _ share: WorkShare, path: String, options: SQLiteStoreOptions) {
        self.path = path
        self.share = share
        self.options = options
        state.withLock { $0.idle = [first] }
    }

    /// How many questions are being answered, how many wait for their turn, and how many readers are open without one.
    var counts: (busy: Int, waiting: Int, idle: Int) {
        state.withLock { ($0.turns.busy, $0.turns.waiting, $0.idle.count) }
    }

    /// Asks a reader, in turn where all are busy; see `ReaderTurns`.
    ///
    /// - Throws: what `body` throws, what keeps a further reader from being opened, `closed`; `cancelled` where the task was
    ///   cancelled before its turn came.
    func ask<Answer: Sendable>(
        _ length: Length, _ body: @Sendable (isolated SQLiteReader) async throws(SpanStoreError) -> Answer
    ) async throws(SpanStoreError) -> Answer {
        try await takeTurn(length)
        let reader = state.withLock { $0.idle.popLast() } ?? SQLiteReader(share)
        do {
            let answer = try await reader.answer(path: path, options: options, body)
            await giveBack(reader, length)
            return answer
        } catch {
            await giveBack(reader, length)
            throw error
        }
    }

    private func takeTurn(_ length: Length) async throws(SpanStoreError) {
        guard state.withLock({ !$0.isClosed }) else { throw .closedStore }
        let ticket = state.withLock { $0.turns.nextTicket() }
        let isOurs = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiter) in
                let isOurs: Bool? = state.withLock { state in
                    // A task that was cancelled just now has been looked for among the waiting already.
                    if Task.isCancelled { return false }
                    if state.turns.start(length) { return true }
                    state.turns.wait(length, continuation, ticket: ticket)
                    return nil
                }
                if let isOurs { continuation.resume(returning: isOurs) }
            }
        } onCancel: {
            state.withLock { $0.turns.leave(length, ticket: ticket) }?.resume(returning: false)
        }
        guard isOurs else { throw .cancelledQuestion }
    }

    private func giveBack(_ reader: SQLiteReader, _ length: Length) async {
        let (next, surplus) = state.withLock { state in
            let next = state.turns.end(length)
            state.idle.append(reader)
            // What is kept for the next question is the memory of one reader, however many were asked at once.
            let surplus = state.takeIdle(besides: next.count + (state.isClosed ? 0 : Self.maxIdle))
            state.ending += 1
            return (next, surplus)
        }
        for waiter in next { waiter.resume(returning: true) }
        for reader in surplus { await reader.close() }
        let closing = state.withLock { state in
            state.ending -= 1
            return state.takeClosing()
        }
        for continuation in closing { continuation.resume() }
    }

    /// Waits until what was asked is answered, and closes all readers; what is asked from now on throws `closed`.
    func close() async {
        let idle = state.withLock { state in
            state.isClosed = true
            return state.takeIdle(besides: 0)
        }
        for reader in idle { await reader.close() }
        await withCheckedContinuation { continuation in
            let closing = state.withLock { state in
                state.closing.append(continuation)
                return state.takeClosing()
            }
            for continuation in closing { continuation.resume() }
        }
    }
}
