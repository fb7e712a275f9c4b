import Logging
import NIOCore
import NIOPosix
import SpanSession
import Synchronization

// What is read from files, and read again while connections live.
extension SpanServer {
    /// Reads certificates, keys and tokens again, whether they have changed or not. Blocks for as long as the files take.
    ///
    /// New handshakes use what was read; connections that are welcomed live on, also those of a token that is gone. Files
    /// that cannot be used change nothing: what was read before stays in use, and the log says what is wrong.
    public func reload() { reload(.asked) }

    /// The tokens that open the door now; empty: none is asked for.
    var bearerTokens: [String] {
        state.withLock(\.tokens)?.value.tokens ?? configuration.session.bearerTokens
    }

    func watchFiles() {
        let interval = configuration.reloadInterval
        guard interval > .zero, configuration.security != nil || configuration.tokenFile != nil else { return }
        let eventLoop = group.next()
        let watch = eventLoop.scheduleRepeatedAsyncTask(initialDelay: TimeAmount(interval), delay: TimeAmount(interval))
        {
            [weak self] _ in
            // Not on the event loop: a file may be far away.
            NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { [weak self] in self?.reload(.poll) }
        }
        state.withLock { $0.watch = watch }
    }

    private func reload(_ occasion: ReloadOccasion) {
        if let security = configuration.security {
            log(security.layer.reload(occasion), "the certificate", exposures: { security.layer.exposures })
        }
        if let tokens = state.withLock(\.tokens) {
            log(
                tokens.reload(occasion) { "tokens: \($0.tokens.count)" }, "the tokens",
                exposures: { [tokens.value.exposure].compactMap(\.self) })
        }
    }

    /// Says which files hold a secret that others may read, each in a line.
    func logExposure(_ exposures: [String]) {
        for words in exposures { logger.warning("a secret is not kept", metadata: ["reason": "\(words)"]) }
    }

    private func log(_ outcome: ReloadOutcome, _ what: String, exposures: () -> [String]) {
        switch outcome {
        case .unchanged: break
        case .reloaded(let words):
            logger.info("read \(what) anew", metadata: ["now": "\(words)"])
            logExposure(exposures())
        case .failed(let error):
            logger.error(
                "cannot use \(what) as it is now; what was read before stays in use until the files are right",
                metadata: ["reason": "\(error.message)"])
        }
    }
}
