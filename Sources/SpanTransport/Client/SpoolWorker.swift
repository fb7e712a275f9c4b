import Logging
import SpanSession
import SpanSpool

/// Does on the spool's thread what a client's spool has to have done on disk.
final class SpoolWorker: Sendable {
    private let thread = SpoolThread()
    private let state: SharedClientState
    private let logger: Logger
    private let wrote: @Sendable (UInt64) -> Void

    /// - Parameter wrote: told the place up to which the ledger is written, or it was tried, while the session lives.
    init(state: SharedClientState, logger: Logger, wrote: @escaping @Sendable (UInt64) -> Void) {
        self.state = state
        self.logger = logger
        self.wrote = wrote
    }

    /// Has written and removed what the spool was told, if there is anything and nobody is at it.
    func start() {
        guard let journal = state.withLock({ $0.spool?.takeWork() ?? nil }) else { return }
        write(journal)
    }

    /// Has written and removed what a journal was told.
    func write(_ journal: SpoolJournal) { thread.submit { [self] in perform(journal) } }

    private func perform(_ journal: SpoolJournal) {
        let written = journal.perform()
        let (next, isOver) = state.withLock { state in
            state.spool?.worked()
            return (state.spool?.takeWork() ?? nil, state.isOver)
        }
        if !isOver { wrote(written) }
        // Behind the reads that wait: where spans are dropped all the time there is always something to write, and only what
        // is read and sent makes room again.
        if let next { write(next) }
    }

    /// Reads a batch.
    ///
    /// - Parameter completion: called on the spool's thread.
    func read(
        _ read: SpoolRead, completion: @escaping @Sendable (Result<SpoolRead.Result, SpoolError>) -> Void
    ) {
        thread.submit {
            let result: Result<SpoolRead.Result, SpoolError>
            do throws(SpoolError) { result = .success(try read.perform()) } catch { result = .failure(error) }
            completion(result)
        }
    }

    /// Has everything written that is told so far, and gives the directory free for the next client.
    func close() { thread.submit { [self] in closeSpool() } }

    private func closeSpool() {
        // What was told before is part of what is synced, whoever was to do it.
        (state.withLock { $0.look { $0.journal } } as SpoolJournal?)?.perform()
        sync()
        let journal = state.withLock { $0.closeSpool() }
        journal?.perform()
        journal?.release()
        state.withLock { $0.spoolIsReleased() }
        state.resumeWaiters()
    }

    private func sync() {
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
