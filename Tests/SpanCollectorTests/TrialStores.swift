import SpanModel
import SpanStorage
import SpanStorageTesting

/// Fails the first appends, one by default, and every group that holds a span named `poison`.
final actor FlakyStore: ForwardingStore {
    nonisolated let inner = InMemorySpanStore()
    private var failuresLeft: Int
    private let poisonCode: SpanStoreError.Code

    /// - Parameter poisonCode: what such a group is answered with.
    init(failures: Int = 1, poisonCode: SpanStoreError.Code = .engineFailed) {
        failuresLeft = failures
        self.poisonCode = poisonCode
    }

    func append(_ group: [IncomingBatch]) async throws(SpanStoreError) -> AppendResult {
        if failuresLeft > 0 {
            failuresLeft -= 1
            throw SpanStoreError(.diskFull, "no room is left; make some")
        }
        if group.contains(where: { $0.reports.spans.contains { $0.name == "poison" } }) {
            throw SpanStoreError(poisonCode, "the engine cannot keep this")
        }
        return try await inner.append(group)
    }
}

/// An in-memory store that can be held in the middle of a call.
final actor GatedStore: ForwardingStore {
    enum Call { case appends, lookUps }

    nonisolated let inner = InMemorySpanStore()
    private var heldCall: Call?
    private var held: [CheckedContinuation<Void, Never>] = []
    private var watching: [CheckedContinuation<Void, Never>] = []
    private var failsNotes = false
    private(set) var noteCount = 0
    private var noteWatch: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    /// When a note about each sender was taken, by the clock of its lease.
    private(set) var noted: [SenderID: UInt64] = [:]
    /// When the last lease was given.
    private(set) var renewedAtUnixNano: UInt64 = 0

    /// From now on those calls wait until `release()`.
    func hold(_ call: Call) { heldCall = call }

    func release() {
        heldCall = nil
        for continuation in held { continuation.resume() }
        held = []
    }

    /// Waits until a call is held.
    func waitUntilHeld() async {
        if held.isEmpty { await withCheckedContinuation { watching.append($0) } }
    }

    private func pass(_ call: Call) async {
        guard heldCall == call else { return }
        await withCheckedContinuation { continuation in
            held.append(continuation)
            for watcher in watching { watcher.resume() }
            watching = []
        }
    }

    func failNotes(_ fails: Bool) { failsNotes = fails }

    /// Waits until so many notes were tried.
    func waitForNotes(_ count: Int) async {
        if noteCount < count { await withCheckedContinuation { noteWatch = (count, $0) } }
    }

    func append(_ group: [IncomingBatch]) async throws(SpanStoreError) -> AppendResult {
        await pass(.appends)
        return try await inner.append(group)
    }

    func note(_ changes: [SenderChange], by lease: CollectorLease) async throws(SpanStoreError) -> Bool {
        noteCount += 1
        if let watch = noteWatch, noteCount >= watch.count {
            noteWatch = nil
            watch.continuation.resume()
        }
        if failsNotes { throw SpanStoreError(.diskFull, "no room is left; make some") }
        for change in changes { noted[change.sender] = lease.renewedAtUnixNano }
        renewedAtUnixNano = lease.renewedAtUnixNano
        return try await inner.note(changes, by: lease)
    }

    func storedSequence(of sender: SenderID) async throws(SpanStoreError) -> UInt64 {
        await pass(.lookUps)
        return try await inner.storedSequence(of: sender)
    }
}
