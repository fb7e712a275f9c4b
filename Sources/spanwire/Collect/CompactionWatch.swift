import Logging
import ServiceLifecycle
import SpanStorage
import SpanStorageSQLite

/// Logs what keeps a store from merging its runs, or from reading what it needs for that, at most once a minute.
struct CompactionWatch: Service {
    let store: SQLiteSpanStore
    let logger: Logger
    var interval = Duration.seconds(60)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                guard let error = store.takeCompactionFailure() else { continue }
                logger.warning(
                    "the store cannot do all its upkeep; nothing is lost, but queries become slower",
                    metadata: ["code": "\(error.code.rawValue)", "error": "\(error.message)"])
            }
        }
    }
}
