import Logging
import ServiceLifecycle
import SpanStorage
import SpanTransport

/// Holds a store to what it is to keep, from time to time, beside the collector that writes to it.
public struct RetentionService: Service {
    private let store: any SpanStore
    private let policy: RetentionPolicy
    private let interval: Duration
    private let logger: Logger
    private let nowUnixNano: @Sendable () -> UInt64

    /// - Parameters:
    ///   - store: the store from which spans are removed.
    ///   - policy: what is to be kept, by the system's clock.
    ///   - interval: how long to wait from one time to the next.
    ///   - logger: takes what was removed, and what failed.
    public init(
        store: any SpanStore, policy: RetentionPolicy, interval: Duration = .seconds(60), logger: Logger
    ) {
        self.init(store: store, policy: policy, interval: interval, logger: logger, nowUnixNano: WallClock.nowUnixNano)
    }

    /// - Parameter nowUnixNano: what age counts from, nanoseconds since 1970-01-01T00:00:00Z.
    package init(
        store: any SpanStore, policy: RetentionPolicy, interval: Duration, logger: Logger,
        nowUnixNano: @escaping @Sendable () -> UInt64
    ) {
        self.store = store
        self.policy = policy
        self.interval = interval
        self.logger = logger
        self.nowUnixNano = nowUnixNano
    }

    /// Removes at once, then after each interval, until a graceful shutdown or cancellation. A failure is logged, and the
    /// next time tries again.
    ///
    /// - Throws: nothing of its own.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await enforce()
                try? await Task.sleep(for: interval)
            }
        }
    }

    private func enforce() async {
        do {
            let report = try await store.enforce(policy, nowUnixNano: nowUnixNano())
            if report.spans > 0 {
                logger.info(
                    "removed what is not to be kept",
                    metadata: [
                        "spans": "\(report.spans)", "bytes": "\(report.bytes)",
                        "remaining_bytes": "\(report.remainingBytes)",
                    ])
            }
            if let most = policy.maxBytes, report.remainingBytes > most {
                logger.warning(
                    "the store has more bytes than it is to keep, and no spans left to remove; raise the limit",
                    metadata: ["bytes": "\(report.remainingBytes)", "limit": "\(most)"])
            }
        } catch {
            logger.warning("cannot remove what is not to be kept", metadata: ["error": "\(error)"])
        }
    }
}
