import Logging
import Synchronization

/// A log that a test looks at.
package final class RecordedLog: Sendable {
    private struct State {
        var lines: [String] = []
        var waiters: [(words: String, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Level, message and metadata of each line.
    package var lines: [String] { state.withLock(\.lines) }

    /// Returns when a line has these words; at once, if one has them already.
    package func line(with words: String) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                let isThere = state.lines.contains { $0.contains(words) }
                if !isThere { state.waiters.append((words, continuation)) }
                return isThere
            }
            if isThere { continuation.resume() }
        }
    }

    private func append(_ line: String) {
        let reached = state.withLock { state in
            state.lines.append(line)
            let reached = state.waiters.filter { line.contains($0.words) }
            state.waiters.removeAll { line.contains($0.words) }
            return reached.map(\.continuation)
        }
        for continuation in reached { continuation.resume() }
    }

    /// Whether a line has these words.
    package func contains(_ words: String) -> Bool { lines.contains { $0.contains(words) } }

    /// A logger of all levels that writes here.
    package var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(log: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            log.append("\(event.level) \(event.message) \(all)")
        }
    }
}
