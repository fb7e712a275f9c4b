import SpanBlockStore
import SpanBlocks
import SpanStorage
import Synchronization

/// The content that the ends of a ledger in memory share.
final class MemoryLedgerPlace: Sendable {
    private let content = Mutex(LedgerContent())

    /// What there is now.
    var now: LedgerContent { content.withLock { $0 } }

    /// Puts a content in the place of the one that it was made from.
    ///
    /// - Returns: `false` where another one is there by now.
    func replace(_ old: LedgerContent, by new: LedgerContent) -> Bool {
        content.withLock { content in
            guard content.revision == old.revision else { return false }
            content = new
            content.revision += 1
            return true
        }
    }

    /// A reading end.
    func ledger(_ trouble: LedgerTrouble? = nil) -> MemoryLedger { MemoryLedger(trouble) { [self] in now } }
}

/// A writing end of a ledger in memory.
final class MemoryLedgerWriter: LedgerWriter {
    private let place: MemoryLedgerPlace
    private let trouble: LedgerTrouble?
    private var own: Int64 = 0

    init(_ place: MemoryLedgerPlace, _ trouble: LedgerTrouble? = nil) {
        self.place = place
        self.trouble = trouble
    }

    /// Is refused where somebody else has made one meanwhile, and where chance says so.
    func exchange<Result>(
        _ body: (any LedgerExchange) throws(SpanStoreError) -> Result
    ) throws(SpanStoreError) -> Result? {
        let before = place.now
        let exchange = MemoryExchange(before, own: own, trouble)
        let result = try body(exchange)
        try trouble?.strike()
        if trouble?.refuses() == true { return nil }
        guard place.replace(before, by: exchange.content) else {
            trouble?.noteStale()
            return nil
        }
        own += 1
        return result
    }

    func view() throws(SpanStoreError) -> any BlockLedger { place.ledger(trouble) }

    func appendedRuns() throws(SpanStoreError) -> [Int] {
        struct Group: Hashable {
            var partition: Int64
            var kind: RunKind
        }
        let appended = place.now.runs.values.map(\.run).filter { $0.level == .appended }
        return Dictionary(grouping: appended) { Group(partition: $0.partition, kind: $0.kind) }.values.map(\.count)
    }

    func usedBytes() throws(SpanStoreError) -> UInt64 {
        let content = place.now
        return content.runs.keys.reduce(0) { $0 + UInt64(content.bytes(of: $1)) }
    }
}
