import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs an actor's jobs on a thread that is nobody else's and gives way to others: questions wait for acks, not the other
/// way round. The thread ends with the executor.
final class ThreadExecutor: SerialExecutor {
    /// What the thread shares with the executor, without keeping it.
    private final class Jobs: Sendable {
        /// Each keeps the executor until it has run.
        private let waiting = Mutex<[(job: UnownedJob, executor: ThreadExecutor)]>([])
        private let count = DispatchSemaphore(value: 0)

        func add(_ job: UnownedJob, _ executor: ThreadExecutor) {
            waiting.withLock { $0.append((job, executor)) }
            count.signal()
        }

        /// Nothing will be added any more.
        func end() { count.signal() }

        /// Runs jobs as they come, until there will be none.
        func run() {
            while true {
                count.wait()
                guard let next = waiting.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
                // Proof: the job is run once, and `next` keeps the executor alive for as long.
                unsafe next.job.runSynchronously(on: next.executor.asUnownedSerialExecutor())
            }
        }
    }

    private let jobs = Jobs()

    /// By how much the thread gives way: a tenth of the time of one that does not, where both want all of a core.
    private static let niceness: Int32 = 10

    init() {
        let jobs = jobs
        var thread = pthread_t()
        // Proof: the thread takes over the one reference that is passed to it, once; so does the queue where there is none.
        let passed = unsafe Unmanaged.passRetained(jobs)
        let code = unsafe pthread_create(
            &thread, nil,
            { passed in
                guard let passed = unsafe passed else { return nil }
                #if canImport(Glibc) || canImport(Musl)
                    // Of this thread alone; nobody needs a privilege to give way.
                    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, ThreadExecutor.niceness)
                #endif
                unsafe Unmanaged<Jobs>.fromOpaque(passed).takeRetainedValue().run()
                return nil
            }, passed.toOpaque())
        if code == 0 {
            pthread_detach(thread)
        } else {
            // No thread is left to be had: questions take one of those that there are.
            unsafe passed.release()
            DispatchQueue.global().async { jobs.run() }
        }
    }

    deinit { jobs.end() }

    func enqueue(_ job: consuming ExecutorJob) { jobs.add(UnownedJob(job), self) }
}
