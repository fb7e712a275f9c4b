import SpanStorage
import Synchronization

/// The task that merges runs while a store is open for writing.
final class Compaction: Sendable {
    private let compactor: Compactor
    private let writer: SQLiteWriter
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let appends = Appends()

    /// Counts them; of its own, so that the task does not keep whoever started it.
    private final class Appends: Sendable {
        let count = Atomic(0)

        /// After so long without an append there is time for more than has to be.
        private static let quietMilliseconds = 1000

        /// Waits for a while.
        ///
        /// - Returns: how many there are when none came meanwhile, else `nil`.
        func afterQuiet() async -> Int? {
            let before = count.load(ordering: .relaxed)
            for _ in 0..<10 {
                try? await Task.sleep(for: .milliseconds(Self.quietMilliseconds / 10))
                if Task.isCancelled || count.load(ordering: .relaxed) != before { return nil }
            }
            return before
        }
    }

    init(_ compactor: Compactor, _ writer: SQLiteWriter) {
        self.compactor = compactor
        self.writer = writer
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Begins the work, which `stop()` ends.
    func start() {
        let (compactor, writer, wakeUps, appends) = (compactor, writer, wakeUps, appends)
        task.withLock { task in
            task = Task(priority: .utility) {
                for await _ in wakeUps {
                    // What fails is tried again after the next append: the reports stay where they are. What is damaged is
                    // for `spanwire store check` to tell; each question about it fails too.
                    while !Task.isCancelled, (try? await compactor.step(writer)) == true {}
                    guard let seen = await appends.afterQuiet() else { continue }
                    while !Task.isCancelled, appends.count.load(ordering: .relaxed) == seen,
                        (try? await compactor.step(writer, .idle)) == true
                    {}
                }
            }
        }
        wake()
    }

    /// Something was appended.
    func wake() {
        appends.count.wrappingAdd(1, ordering: .relaxed)
        wakeUp.yield()
    }

    /// Merges once: what an append waits for when merging is behind, so that what is not merged has a bound.
    ///
    /// What fails is left for later.
    func catchUp() async { _ = try? await compactor.step(writer) }

    /// Merges what is left.
    func finish() async throws(SpanStoreError) {
        while try await compactor.step(writer, .final) {}
    }

    /// Ends the work, after the step that is under way.
    func stop() async {
        wakeUp.finish()
        let running = task.withLock { task in
            defer { task = nil }
            return task
        }
        running?.cancel()
        await running?.value
        await compactor.close()
    }
}
