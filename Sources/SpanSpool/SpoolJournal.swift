import SpanModel
import SpanSession
import Synchronization

/// The queue of what a spool has to write down in its ledger, and the segments it has to remove: told under the lock
/// that guards the spool, and done in the same order outside of it.
///
/// Two locks inside. The one of the queue is held for moments; the one of the disk for as long as a write takes, and
/// whoever takes it first does everything that was told before.
package final class SpoolJournal: Sendable {
    private enum Item: Sendable {
        case write([LedgerRecord])
        case remove(UInt64)
    }

    private struct Queue: Sendable {
        var items: [Item] = []
        /// The number of items that were told in all.
        var told: UInt64 = 0
        var problem: SpoolError?
    }

    private struct Disk: Sendable {
        var ledger: Ledger
        /// Spans were given up, and the ledger could not be told.
        var hasUnwrittenDrops = false
        /// Segments that go once it could.
        var removals: [UInt64] = []
    }

    private let storage: any SpoolStorage
    private let queue = Mutex(Queue())
    private let disk: Mutex<Disk>

    init(_ storage: any SpoolStorage, _ ledger: Ledger) {
        self.storage = storage
        disk = Mutex(Disk(ledger: ledger))
    }

    // MARK: Telling

    /// Records that are to be written in one piece. What cannot be written then is written with the next.
    ///
    /// - Returns: the place in the order of all that is told, for `perform`.
    func write(_ records: [LedgerRecord]) -> UInt64 {
        queue.withLock { queue in
            queue.told += 1
            if let last = queue.items.last, case .write(let earlier) = last,
                let joined = SpoolJournal.join(earlier, records)
            {
                queue.items[queue.items.count - 1] = .write(joined)
            } else {
                queue.items.append(.write(records))
            }
            return queue.told
        }
    }

    /// A segment's file is to go, but not while that would hide a drop from the next process.
    func remove(_ segment: UInt64) {
        queue.withLock { queue in
            queue.told += 1
            queue.items.append(.remove(segment))
        }
    }

    /// One record in place of two that say the same kind of thing: a disk that does not answer must not fill the memory
    /// with counts.
    private static func join(_ earlier: [LedgerRecord], _ later: [LedgerRecord]) -> [LedgerRecord]? {
        guard earlier.count == 1, later.count == 1 else { return nil }
        switch (earlier[0], later[0]) {
        case (.dropped(let first), .dropped(let second)):
            var ledger = DropLedger()
            ledger.add(first)
            ledger.add(second)
            return [.dropped(ledger.counts)]
        case (.stored(let first), .stored(let second)): return [.stored(through: max(first, second))]
        default: return nil
        }
    }

    /// Takes out what went wrong since the last call; what had to be done is done later.
    func takeProblem() -> SpoolError? {
        queue.withLock { queue in
            defer { queue.problem = nil }
            return queue.problem
        }
    }

    // MARK: Doing

    /// Does everything that was told so far. Takes as long as the disk does.
    ///
    /// - Returns: the place up to which it is done, or was tried.
    @discardableResult
    package func perform() -> UInt64 { disk.withLock { perform(&$0) } }

    private func perform(_ disk: inout Disk) -> UInt64 {
        let (items, told) = queue.withLock { queue in
            defer { queue.items = [] }
            return (queue.items, queue.told)
        }
        for item in items {
            switch item {
            case .write(let records): write(records, &disk)
            case .remove(let segment) where disk.hasUnwrittenDrops: disk.removals.append(segment)
            case .remove(let segment): removeFile(segment)
            }
        }
        return told
    }

    private func write(_ records: [LedgerRecord], _ disk: inout Disk) {
        do throws(SpoolError) {
            try disk.ledger.write(records)
            allIsWritten(&disk)
        } catch {
            note(error)
            if records.contains(where: { if case .dropped = $0 { true } else { false } }) {
                disk.hasUnwrittenDrops = true
            }
        }
    }

    /// What could not be written earlier is written with the next, so what waited for it can go.
    private func allIsWritten(_ disk: inout Disk) {
        disk.hasUnwrittenDrops = false
        for number in disk.removals { removeFile(number) }
        disk.removals = []
    }

    private func removeFile(_ segment: UInt64) {
        do throws(SpoolError) { try storage.remove(Segment.name(segment)) } catch { note(error) }
    }

    private func note(_ error: SpoolError) { queue.withLock { $0.problem = error } }

    /// Writes records at once, behind everything that was told before.
    ///
    /// - Returns: `false` when that failed, and they count as never told.
    func writeOrLeave(_ records: [LedgerRecord]) -> Bool {
        disk.withLock { disk in
            _ = perform(&disk)
            do throws(SpoolError) {
                try disk.ledger.writeOrLeave(records)
                allIsWritten(&disk)
                return true
            } catch {
                note(error)
                return false
            }
        }
    }

    /// Forces the ledger to the disk.
    func sync() throws(SpoolError) {
        let file = disk.withLock(\.ledger.file)
        try file.sync()
    }

    /// The next client may have the files. Nothing is told or done afterwards.
    package func release() { storage.release() }

    /// The state of the ledger.
    var state: LedgerState { disk.withLock(\.ledger.state) }
}
