import SpanBlockStore
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
    /// What kept the task from merging, or hampered the writer.
    private let failure: StoreFailure

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
        failure = writer.failure
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// A store that is dropped without being closed takes its task along, after the step that is under way; the files are
    /// closed with what the task holds.
    deinit {
        wakeUp.finish()
        task.withLock { $0?.cancel() }
    }

    /// Begins the work, which `stop()` ends.
    func start() {
        let (compactor, writer, wakeUps, appends, failure) = (compactor, writer, wakeUps, appends, failure)
        @Sendable func step(_ eagerness: CompactionPlan.Eagerness) async -> Bool {
            do throws(SpanStoreError) {
                return try await compactor.step(writer, eagerness)
            } catch {
                failure.note(error)
                return false
            }
        }
        task.withLock { task in
            task = Task(priority: .utility) {
                for await _ in wakeUps {
                    // What fails is tried again after the next append: the reports stay where they are.
                    while !Task.isCancelled, await step(.underLoad) {}
                    guard let seen = await appends.afterQuiet() else { continue }
                    while !Task.isCancelled, appends.count.load(ordering: .relaxed) == seen, await step(.idle) {}
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
    func catchUp() async {
        do throws(SpanStoreError) { _ = try await compactor.step(writer) } catch { failure.note(error) }
    }

    /// What kept reports from being merged, or hampered the writer, since this was last asked.
    func takeFailure() -> SpanStoreError? { failure.take() }

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
