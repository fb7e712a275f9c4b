import Logging
import ServiceLifecycle
import SpanCollector
import UnixSignals

/// Reads certificates and tokens anew on SIGHUP.
struct ReloadOnHangup: Service {
    private let signals: UnixSignalsSequence
    private let collector: CollectorService
    private let logger: Logger

    /// Traps SIGHUP, which from then on does not end the process.
    init(collector: CollectorService, logger: Logger) async {
        signals = await UnixSignalsSequence(trapping: .sighup)
        self.collector = collector
        self.logger = logger
    }

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            logger.info("SIGHUP: reading certificates and tokens anew")
            collector.reload()
        }
    }
}
