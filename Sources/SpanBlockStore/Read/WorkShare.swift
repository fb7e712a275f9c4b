import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A number of threads that work on one question.
package struct WorkShare: Sendable {
    /// `nil`: as many as there are cores.
    private let threads: Int?

    /// The whole machine: nobody in the process waits for anything else.
    package static let whole = WorkShare(threads: nil)

    /// `true` while somebody writes, whom the work gives way to.
    package var givesWay: Bool { threads != nil }

    /// All cores but one, which is left to who writes to the store; at least the thread that asks.
    package static let besideWriter = WorkShare(threads: max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) - 1, 1))

    /// Calls `body` with each number below `iterations`, on several threads, and returns when all are done.
    func perform(iterations: Int, _ body: @Sendable (Int) -> Void) {
        guard let threads, threads < iterations else {
            return DispatchQueue.concurrentPerform(iterations: iterations, execute: body)
        }
        // One thread is the caller's own, with its own priority.
        if threads == 1 { return (0..<iterations).forEach(body) }
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            while true {
                let iteration = next.wrappingAdd(1, ordering: .relaxed).oldValue
                if iteration >= iterations { return }
                body(iteration)
            }
        }
    }
}
