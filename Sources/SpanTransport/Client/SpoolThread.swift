import Logging
import NIOCore
import NIOPosix
import SpanSpool
import Synchronization

/// The thread of a client's spool: reads batches and writes the ledger, one after the other, and may be kept waiting by the
/// disk. Neither the event loop nor who reports a span waits for it.
final class SpoolThread: Sendable {
    private let pool = NIOThreadPool(numberOfThreads: 1)

    init() { pool.start() }

    deinit { pool.shutdownGracefully { _ in } }

    /// Does it behind everything that was submitted before.
    func submit(_ job: @escaping @Sendable () -> Void) {
        // What the job has of this object keeps the pool from being shut down before it.
        pool.submit { [self] _ in
            job()
            _ = self
        }
    }
}

// What is done on it.
extension SpanClient {
    /// Has written and removed what the spool was told, if there is anything and nobody is at it.
    func startSpoolWork() {
        guard let spoolThread, let journal = state.withLock({ $0.spool?.takeWork() ?? nil }) else { return }
        spoolThread.submit { [self] in doSpoolWork(journal) }
    }

    private func doSpoolWork(_ journal: SpoolJournal) {
        let written = journal.perform()
        let (next, isOver) = state.withLock { state in
            state.spool?.worked()
            return (state.spool?.takeWork() ?? nil, state.isOver)
        }
        if !isOver { eventLoop.execute { [driver] in driver.value?.spoolWrote(through: written) } }
        // Behind the reads that wait: where spans are dropped all the time there is always something to write, and only what
        // is read and sent makes room again.
        if let next { spoolThread?.submit { [self] in doSpoolWork(next) } }
    }

    /// Everything that is told so far goes to the disk, and the directory is given free for the next client. On the spool's
    /// thread.
    func closeSpool() {
        // What was told before is part of what is synced, whoever was to do it.
        (state.withLock { $0.look { $0.journal } } as SpoolJournal?)?.perform()
        syncSpool()
        let journal = state.withLock { $0.closeSpool() }
        journal?.perform()
        journal?.release()
        state.withLock { $0.spoolIsClosed() }
        resumeWaiters()
    }

    private func syncSpool() {
        guard let job = state.withLock({ $0.spool?.lastSync() ?? nil }) else { return }
        do throws(SpoolError) {
            try job.perform()
            state.withLock { $0.spool?.synced(job, nil, now: .now()) }
        } catch {
            logger.error(
                "what is left in the spool may not survive a crash of the machine", metadata: ["reason": "\(error)"])
        }
    }
}
