/// How long a question may keep its reader.
enum QuestionLength: Int, Sendable, CaseIterable {
    /// It looks up what it is asked for: a trace, senders, services.
    case lookUp
    /// A search: quick as a rule, but one with a pattern may look at all of the store.
    case search
    /// It looks at all that it means: a scan, analysis, a check.
    case scan

    /// How many questions of this length and of longer ones are answered at once: each length has a reader that no longer
    /// question takes.
    var most: Int {
        switch self {
        case .lookUp: 5
        case .search: 4
        case .scan: 3
        }
    }
}

/// Whose turn it is to ask a reader.
///
/// Whoever has waited longest is next, among those whose length has room: so short questions without end keep no long one
/// waiting, and long ones no short one. Nobody waits while there is room for him.
struct ReaderTurns<Waiter: Sendable>: Sendable {
    private var busyOf = [Int](repeating: 0, count: QuestionLength.allCases.count)
    /// Questions that wait, by their length; the one that has waited longest is first, with the lowest ticket.
    private var waiters = [[(ticket: UInt64, waiter: Waiter)]](repeating: [], count: QuestionLength.allCases.count)
    private var lastTicket: UInt64 = 0

    /// How many have their turn.
    var busy: Int { busyOf.reduce(0, +) }
    /// How many wait for it.
    var waiting: Int { waiters.reduce(0) { $0 + $1.count } }

    private func hasRoom(_ length: QuestionLength) -> Bool {
        var atLeastAsLong = 0
        for other in QuestionLength.allCases.reversed() {
            atLeastAsLong += busyOf[other.rawValue]
            if other.rawValue <= length.rawValue, atLeastAsLong >= other.most { return false }
        }
        return true
    }

    /// - Returns: whether it is this question's turn at once; else `wait`.
    mutating func start(_ length: QuestionLength) -> Bool {
        guard hasRoom(length) else { return false }
        busyOf[length.rawValue] += 1
        return true
    }

    /// - Returns: by which `leave` knows who waits.
    mutating func nextTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    /// Notes who waits behind all others of his length.
    mutating func wait(_ length: QuestionLength, _ waiter: Waiter, ticket: UInt64) {
        waiters[length.rawValue].append((ticket, waiter))
    }

    /// Takes somebody out who waits no more; `nil`: he does not wait.
    mutating func leave(_ length: QuestionLength, ticket: UInt64) -> Waiter? {
        guard let index = waiters[length.rawValue].firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return waiters[length.rawValue].remove(at: index).waiter
    }

    /// Ends a turn.
    ///
    /// - Returns: those whose turn it is now.
    mutating func end(_ length: QuestionLength) -> [Waiter] {
        busyOf[length.rawValue] -= 1
        var next: [Waiter] = []
        while let first = QuestionLength.allCases.filter({ !waiters[$0.rawValue].isEmpty && hasRoom($0) })
            .min(by: { waiters[$0.rawValue][0].ticket < waiters[$1.rawValue][0].ticket })
        {
            busyOf[first.rawValue] += 1
            next.append(waiters[first.rawValue].removeFirst().waiter)
        }
        return next
    }
}
