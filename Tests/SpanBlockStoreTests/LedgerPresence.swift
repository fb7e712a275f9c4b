import SpanModel
import SpanStorage

/// Leases of collectors and the connections of senders, as `SpanStore.note` says.
struct LedgerPresence: Sendable {
    private struct End: Sendable {
        var presence: SenderPresence
        var sinceUnixNano: UInt64
    }

    private var leases: [CollectorID: CollectorLease] = [:]
    /// When the connection of each sender to each collector began.
    private var connections: [SenderID: [CollectorID: UInt64]] = [:]
    /// What became of that of a sender's connections which began last of those that ended.
    private var ends: [SenderID: End] = [:]

    /// - Returns: whether the collector was known.
    mutating func note(_ changes: [SenderChange], by lease: CollectorLease) -> Bool {
        let isKnown = leases.updateValue(lease, forKey: lease.collector) != nil
        let lapsed = leases.values.filter {
            $0.collector != lease.collector && !$0.holds(atUnixNano: lease.renewedAtUnixNano)
        }
        for other in lapsed { endLease(of: other.collector) }
        for change in changes {
            let open = connections[change.sender]?[lease.collector]
            if change.presence == .connected {
                let since = max(change.atUnixNano, open ?? 0, ends[change.sender]?.sinceUnixNano ?? 0)
                connections[change.sender, default: [:]][lease.collector] = since
            } else {
                connections[change.sender]?[lease.collector] = nil
                end(change.sender, change.presence, since: open ?? change.atUnixNano)
            }
        }
        return isKnown
    }

    mutating func endLease(of collector: CollectorID) {
        leases[collector] = nil
        for sender in Array(connections.keys) {
            guard let since = connections[sender]?.removeValue(forKey: collector) else { continue }
            end(sender, .gone, since: since)
        }
    }

    private mutating func end(_ sender: SenderID, _ presence: SenderPresence, since: UInt64) {
        if let known = ends[sender], known.sinceUnixNano > since { return }
        ends[sender] = End(presence: presence, sinceUnixNano: since)
    }

    func presence(of sender: SenderID, nowUnixNano: UInt64) -> SenderPresence {
        let open = connections[sender] ?? [:]
        if open.keys.contains(where: { leases[$0]?.holds(atUnixNano: nowUnixNano) ?? false }) { return .connected }
        let last = ends[sender]
        return open.values.contains { $0 >= last?.sinceUnixNano ?? 0 } ? .gone : last?.presence ?? .unknown
    }
}
