import NIOPosix

/// The thread of a client's spool: reads batches and writes the ledger, one after the other, and may be kept waiting by the
/// disk. Neither the event loop nor who reports a span waits for it.
final class SpoolThread: Sendable {
    private let pool = NIOThreadPool(numberOfThreads: 1)

    init() { pool.start() }

    deinit { pool.shutdownGracefully { _ in } }

    /// Does a job behind everything that was submitted before.
    func submit(_ job: @escaping @Sendable () -> Void) {
        // What the job has of this object keeps the pool from being shut down before it.
        pool.submit { [self] _ in
            job()
            _ = self
        }
    }
}
