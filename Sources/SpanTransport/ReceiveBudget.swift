import NIOCore
import Synchronization

/// Bounds what all connections of a server hold of what senders deliver: frames that are not complete, and batches that the
/// store has not answered for.
///
/// While more is held than the limit, nobody reads, and what is freed comes from the store's answers. If the store has
/// nothing and there still is too much, it is in parts of frames; then those that wait take turns, the longest first: one
/// reads until its frame is complete. So they do not wait for each other for ever, and the limit is exceeded at the most by
/// one frame, and by what each reads at once before it learns of it. Who does not get done in its turn is to be sent away,
/// and with it of those that wait inside a frame as many as leave room, the largest first: they may be thousands, and turns
/// that lead nowhere would keep everybody else waiting for hours.
final class ReceiveBudget: Sendable {
    /// What a connection holds.
    struct Holding: Sendable, Equatable {
        /// What the bytes of frames that were not read take in memory.
        var unreadBytes = 0
        /// Whether a frame has begun and is not complete.
        var isInsideFrame = false
        /// Whether nothing but the limit keeps it from reading. Who takes no answers is not read, and would do nothing with
        /// a turn.
        var couldRead = true
    }

    /// What follows for a connection.
    struct Verdict: Sendable, Equatable {
        /// Whether it may read on.
        var mayRead: Bool
        /// It had its turn and did not get done.
        var isTooSlow = false
        /// Who is to be told that it may read again.
        var wakes: [ConnectionID] = []
    }

    fileprivate struct Holder {
        var holding = Holding()
        var isWaiting = false
        /// It is to be sent away, to make room.
        var isEvicted = false
    }

    fileprivate struct State {
        var unreadBytes = 0
        var storeBytes = 0
        var holders: [ConnectionID: Holder] = [:]
        /// Those that wait, the longest first; some may have gone or read again.
        var line: [ConnectionID] = []
        /// Whose turn it is, and until when.
        var turn: (id: ConnectionID, end: NIODeadline)?
    }

    /// In bytes.
    let limit: Int
    private let turnLength: TimeAmount
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: in bytes; at least 1.
    ///   - turnLength: how long one may read alone.
    init(limit: Int, turnLength: TimeAmount = .seconds(30)) {
        self.limit = max(limit, 1)
        self.turnLength = turnLength
    }

    /// Whether more may be held.
    var hasRoom: Bool { state.withLock { $0.hasRoom(limit) } }

    /// What all connections hold.
    var heldBytes: Int { state.withLock { $0.unreadBytes + $0.storeBytes } }

    /// A connection holds this now.
    func update(_ id: ConnectionID, _ holding: Holding, now: NIODeadline) -> Verdict {
        state.withLock { state in
            var holder = state.holders[id] ?? Holder()
            state.unreadBytes += holding.unreadBytes - holder.holding.unreadBytes
            holder.holding = holding
            var isTooSlow = holder.isEvicted && holding.isInsideFrame
            var evicted: [ConnectionID] = []
            if let turn = state.turn, turn.id == id {
                isTooSlow = holding.isInsideFrame && now >= turn.end && !state.hasRoom(limit)
                if !holding.isInsideFrame || !holding.couldRead || isTooSlow { state.turn = nil }
            }
            let mayRead = state.hasRoom(limit) || state.turn?.id == id
            if !mayRead, !holder.isWaiting, !isTooSlow { state.line.append(id) }
            holder.isWaiting = !mayRead && !isTooSlow
            state.holders[id] = holder
            if isTooSlow, !holder.isEvicted { evicted = state.evict(limit, without: holding.unreadBytes) }
            var verdict = Verdict(mayRead: mayRead, isTooSlow: isTooSlow)
            verdict.wakes = evicted + state.wakes(limit, turnEnd: now + turnLength)
            if let own = verdict.wakes.firstIndex(of: id) {
                verdict.wakes.remove(at: own)
                verdict.mayRead = true
            }
            return verdict
        }
    }

    /// A batch is handed to the store; its connection may go before the store answers.
    func storeTakes(_ bytes: Int) { state.withLock { $0.storeBytes += bytes } }

    /// The store has answered for a batch.
    ///
    /// - Returns: who is to be told that it may read again.
    func storeAnswered(_ bytes: Int, now: NIODeadline) -> [ConnectionID] {
        state.withLock { state in
            state.storeBytes -= bytes
            return state.wakes(limit, turnEnd: now + turnLength)
        }
    }

    /// A connection is gone.
    ///
    /// - Returns: who is to be told that it may read again.
    func remove(_ id: ConnectionID, now: NIODeadline) -> [ConnectionID] {
        state.withLock { state in
            guard let holder = state.holders.removeValue(forKey: id) else { return [] }
            state.unreadBytes -= holder.holding.unreadBytes
            var evicted: [ConnectionID] = []
            if let turn = state.turn, turn.id == id {
                state.turn = nil
                // Silent until its time was over: its session ended it.
                if now >= turn.end { evicted = state.evict(limit, without: 0) }
            }
            return evicted + state.wakes(limit, turnEnd: now + turnLength)
        }
    }
}

extension ReceiveBudget.State {
    fileprivate func hasRoom(_ limit: Int) -> Bool { unreadBytes + storeBytes <= limit }

    /// Marks those that are to go, so that a quarter of the limit is free once they, and `leaving` bytes of somebody else's,
    /// are gone.
    ///
    /// - Returns: who they are; each learns of it when it is told to read.
    fileprivate mutating func evict(_ limit: Int, without leaving: Int) -> [ConnectionID] {
        var held = unreadBytes + storeBytes - leaving
        guard held > limit - limit / 4 else { return [] }
        let candidates = holders.filter { $0.value.isWaiting && $0.value.holding.isInsideFrame }
            .sorted { $0.value.holding.unreadBytes > $1.value.holding.unreadBytes }
        var evicted: [ConnectionID] = []
        for (id, holder) in candidates where held > limit - limit / 4 {
            held -= holder.holding.unreadBytes
            holders[id]?.isEvicted = true
            holders[id]?.isWaiting = false
            evicted.append(id)
        }
        return evicted
    }

    /// Lets all read again who wait when there is room; else one of them, when it is nobody's turn and the store is not
    /// going to make any.
    fileprivate mutating func wakes(_ limit: Int, turnEnd: NIODeadline) -> [ConnectionID] {
        guard !line.isEmpty else { return [] }
        if hasRoom(limit) {
            turn = nil
            let woken = line.filter { holders[$0]?.isWaiting == true }
            for id in woken { holders[id]?.isWaiting = false }
            line = []
            return woken
        }
        guard turn == nil, storeBytes == 0 else { return [] }
        // Who has no frame begun adds to what is held by reading, and frees nothing.
        let place = line.firstIndex { id in
            guard let holder = holders[id] else { return false }
            return holder.isWaiting && holder.holding.isInsideFrame && holder.holding.couldRead
        }
        guard let place else { return [] }
        let id = line.remove(at: place)
        holders[id]?.isWaiting = false
        turn = (id, turnEnd)
        return [id]
    }
}
