import SpanModel
import SpanStorage
import SpanTransport

/// Which connection each sender has, and what of that is still to be noted in the store.
struct PresenceNotes {
    /// The time that a change may wait while batches are stored, in nanoseconds.
    private static let maxDelayNano: UInt64 = 1_000_000_000

    private var current: [SenderID: ServerConnectionID] = [:]
    private var changes: [SenderID: SenderChange] = [:]
    /// The moment since which there are changes; `nil` without any.
    private var oldestUnixNano: UInt64 = 0
    /// The lease is to be renewed.
    private var isDue = true
    /// The store took no note: the next one goes with the lease.
    private var isHeld = false

    /// A connection became a sender's.
    mutating func connected(_ sender: SenderID, _ connection: ServerConnectionID, agent: String, nowUnixNano: UInt64) {
        current[sender] = connection
        add(SenderChange(sender: sender, agent: agent, presence: .connected, atUnixNano: nowUnixNano))
    }

    /// A connection ended.
    ///
    /// - Returns: `false` when the sender has another one.
    mutating func ended(
        _ sender: SenderID, _ connection: ServerConnectionID, saidGoodbye: Bool, nowUnixNano: UInt64
    ) -> Bool {
        guard current[sender] == connection else { return false }
        current[sender] = nil
        add(SenderChange(sender: sender, presence: saidGoodbye ? .saidGoodbye : .gone, atUnixNano: nowUnixNano))
        return true
    }

    /// Whether a connection is the one that a sender has now.
    func isCurrent(_ connection: ServerConnectionID, of sender: SenderID) -> Bool { current[sender] == connection }

    private mutating func add(_ change: SenderChange) {
        if changes.isEmpty { oldestUnixNano = change.atUnixNano }
        var change = change
        // Of one that came and went before it was noted, what it said it is.
        if change.agent.isEmpty { change.agent = changes[change.sender]?.agent ?? "" }
        changes[change.sender] = change
    }

    /// The lease is to be renewed, with whatever is to be noted.
    mutating func renew() { isDue = true }

    /// Takes what is to be noted now; `nil` where nothing is.
    ///
    /// - Parameter isBusy: batches wait, and go before changes that have not waited for long.
    mutating func take(isBusy: Bool, nowUnixNano: UInt64) -> [SenderChange]? {
        guard isDue || !changes.isEmpty && !isHeld && (!isBusy || hasWaited(nowUnixNano)) else { return nil }
        isDue = false
        isHeld = false
        defer { changes = [:] }
        return Array(changes.values)
    }

    private func hasWaited(_ now: UInt64) -> Bool {
        now < oldestUnixNano || now - oldestUnixNano >= Self.maxDelayNano
    }

    /// Some changes could not be noted: they are tried again when the lease is renewed.
    mutating func giveBack(_ failed: [SenderChange]) {
        isHeld = true
        for change in failed where changes[change.sender] == nil { changes[change.sender] = change }
    }

    /// The store knows nothing of what was noted before `noted`: whoever is connected is noted anew.
    mutating func noteAllBut(_ noted: [SenderChange], nowUnixNano: UInt64) {
        let noted = Set(noted.map(\.sender))
        for sender in current.keys where !noted.contains(sender) && changes[sender] == nil {
            add(SenderChange(sender: sender, presence: .connected, atUnixNano: nowUnixNano))
        }
    }
}
