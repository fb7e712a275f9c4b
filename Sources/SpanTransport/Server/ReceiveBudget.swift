import NIOCore
import SpanSession
import Synchronization

/// Bounds what all connections of a server hold of what senders deliver: frames that are not complete, and batches that
/// the store has not answered for. `HeldFrames` says who may read, and who has to go.
final class ReceiveBudget: Sendable {
    typealias Holding = HeldFrames.Holding
    typealias Verdict = HeldFrames.Verdict

    private let state: Mutex<HeldFrames>
    private let isFull = Atomic(false)
    private let isFullOfStrangers = Atomic(false)

    /// - Parameters:
    ///   - limit: in bytes; at least 1.
    ///   - maxFrameBytes: the longest frame there is.
    init(limit: Int, maxFrameBytes: Int) {
        state = Mutex(HeldFrames(limit: limit, maxFrameBytes: maxFrameBytes))
    }

    /// Whether connections are to read as much at once as they can.
    ///
    /// - Parameter isStranger: of those that are not welcomed.
    func isRoomy(isStranger: Bool) -> Bool {
        !isFull.load(ordering: .relaxed) && !(isStranger && isFullOfStrangers.load(ordering: .relaxed))
    }

    /// The bytes that all connections hold.
    var heldBytes: Int { state.withLock { $0.heldBytes } }

    /// Notes what a connection holds now.
    func update(_ id: ServerConnectionID, _ holding: Holding, now: NIODeadline) -> Verdict {
        change { $0.update(id, holding, now: now) }
    }

    /// Notes that a batch is handed to the store; its connection may go before the store answers.
    func storeTakes(_ bytes: Int) { change { $0.storeTakes(bytes) } }

    /// Notes that the store has answered for a batch.
    ///
    /// - Returns: who is to be told to ask again.
    func storeAnswered(_ bytes: Int, now: NIODeadline) -> [ServerConnectionID] {
        change { $0.storeAnswered(bytes, now: now) }
    }

    /// Notes that a connection is gone, or over.
    ///
    /// - Returns: who is to be told to ask again.
    func remove(_ id: ServerConnectionID, now: NIODeadline) -> [ServerConnectionID] {
        change { $0.remove(id, now: now) }
    }

    /// Looks for those that make others wait.
    ///
    /// - Returns: who is to be told to ask again, and whether to call it again after `HeldFrames.sweepInterval`.
    func sweep(now: NIODeadline) -> (wakes: [ServerConnectionID], goesOn: Bool) { change { $0.sweep(now: now) } }

    private func change<Result: Sendable>(_ body: (inout HeldFrames) -> Result) -> Result {
        state.withLock { state in
            defer {
                isFull.store(!state.hasRoom || state.smallBytes > state.smallShare, ordering: .relaxed)
                isFullOfStrangers.store(state.strangerBytes > state.strangerShare, ordering: .relaxed)
            }
            return body(&state)
        }
    }
}
