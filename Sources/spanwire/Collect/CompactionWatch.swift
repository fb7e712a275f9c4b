import Logging
import ServiceLifecycle
import SpanStorage
import SpanStorageSQLite

/// Tells what keeps a store from merging what it was given, once a minute at the most.
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
                    "cannot merge what was stored; nothing is lost, but queries become slower",
                    metadata: ["code": "\(error.code.rawValue)", "error": "\(error.message)"])
            }
        }
    }
}
