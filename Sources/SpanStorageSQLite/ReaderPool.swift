import SpanStorage
import Synchronization

/// The connections that answer questions: opened as they are needed, each on a thread of its own, so that a slow question
/// holds up no other.
final class ReaderPool: Sendable {
    /// How long a question may take.
    enum Length: Sendable, CaseIterable {
        /// It looks at a part of the store: a trace, a search, senders.
        case short
        /// It may look at all of it.
        case long
    }

    /// How many questions are answered at once.
    static let maxReaders = 4
    /// How many of them may be long: one reader is left for short ones.
    static let maxLong = 3
    /// How many stay open while nothing is asked; each keeps some MB of what it read last.
    private static let maxIdle = 1

    private struct State {
        /// The one that was used last is at the end.
        var idle: [SQLiteReader] = []
        var busy = 0
        var busyLong = 0
        var waiting: [Length: [CheckedContinuation<Void, Never>]] = [:]
        /// How many calls close readers that are not needed any more.
        var ending = 0
        var isClosed = false
        /// Who waits for the end of all.
        var closing: [CheckedContinuation<Void, Never>] = []

        func mayStart(_ length: Length) -> Bool {
            busy < ReaderPool.maxReaders && (length == .short || busyLong < ReaderPool.maxLong)
        }

        mutating func start(_ length: Length) {
            busy += 1
            if length == .long { busyLong += 1 }
        }

        /// Those whose turn it is, short questions first.
        mutating func takeNext() -> [CheckedContinuation<Void, Never>] {
            var next: [CheckedContinuation<Void, Never>] = []
            for length in Length.allCases {
                while mayStart(length), let first = waiting[length]?.first {
                    waiting[length]?.removeFirst()
                    start(length)
                    next.append(first)
                }
            }
            return next
        }

        /// Takes readers out that are more than so many.
        mutating func takeIdle(besides kept: Int) -> [SQLiteReader] {
            let surplus = Array(idle.prefix(max(idle.count - kept, 0)))
            idle.removeFirst(surplus.count)
            return surplus
        }

        /// Who waits for the end of all, once that has come.
        mutating func takeClosing() -> [CheckedContinuation<Void, Never>] {
            guard isClosed, busy == 0, ending == 0 else { return [] }
            defer { closing = [] }
            return closing
        }
    }

    private let path: String
    private let share: WorkShare
    private let options: SQLiteSpanStore.Options
    private let state = Mutex(State())

    /// - Parameter first: a reader that is open.
    init(_ first: SQLiteReader, _ share: WorkShare, path: String, options: SQLiteSpanStore.Options) {
        self.path = path
        self.share = share
        self.options = options
        state.withLock { $0.idle = [first] }
    }

    /// How many questions are being answered, how many wait for their turn, and how many readers are open without one.
    var counts: (busy: Int, waiting: Int, idle: Int) {
        state.withLock { ($0.busy, $0.waiting.values.reduce(0) { $0 + $1.count }, $0.idle.count) }
    }

    /// Asks a reader, in turn where all are busy: short questions come before long ones.
    ///
    /// - Throws: what `body` throws, what keeps a further reader from being opened, `closed`.
    func ask<Answer: Sendable>(
        _ length: Length, _ body: (SQLiteReader) async throws(SpanStoreError) -> Answer
    ) async throws(SpanStoreError) -> Answer {
        try await takeTurn(length)
        let reader = state.withLock { $0.idle.popLast() } ?? SQLiteReader(share)
        do {
            try await reader.openUnlessOpen(path: path, options: options)
            let answer = try await body(reader)
            await giveBack(reader, length)
            return answer
        } catch {
            await giveBack(reader, length)
            throw error
        }
    }

    private func takeTurn(_ length: Length) async throws(SpanStoreError) {
        guard state.withLock({ !$0.isClosed }) else { throw .closedStore }
        await withCheckedContinuation { continuation in
            let isFirst = state.withLock { state in
                guard state.mayStart(length) else {
                    state.waiting[length, default: []].append(continuation)
                    return false
                }
                state.start(length)
                return true
            }
            if isFirst { continuation.resume() }
        }
    }

    private func giveBack(_ reader: SQLiteReader, _ length: Length) async {
        let (next, surplus) = state.withLock { state in
            state.busy -= 1
            if length == .long { state.busyLong -= 1 }
            state.idle.append(reader)
            let next = state.takeNext()
            // What is kept for the next question is the memory of one reader, however many were asked at once.
            let surplus = state.takeIdle(besides: next.count + (state.isClosed ? 0 : Self.maxIdle))
            state.ending += 1
            return (next, surplus)
        }
        for continuation in next { continuation.resume() }
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
