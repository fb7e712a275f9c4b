import Dispatch

/// Runs an actor's jobs on a thread of its own, so that waiting for the disk holds up none of the threads that all
/// tasks share.
final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // Proof: the job is run once, and the closure keeps the executor alive for as long.
        queue.async { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
