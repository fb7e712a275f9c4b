import Logging
import SpanModel
import SpanSession
import SpanSpool

/// The log of a client's driver: whether there is a connection, what is dropped and refused, what is wrong with the spool.
/// What happens again and again is not told every time.
struct ClientLog {
    private let logger: Logger
    private let hasSpool: Bool
    /// Why there is no connection, as far as it was logged: not for every attempt.
    private var loggedReasons: Set<String> = []
    private let reasonGate = LogGate()
    private var hasConnected = false
    private var spoolFailureLog = SpoolFailureLog()
    private var lastProblem: SessionInstant?
    private var lastDrops = SessionInstant(nanoseconds: 0)
    private var unloggedDrops: [DropReason: UInt64] = [:]
    private var unloggedRejections = 0
    private let partialGate = LogGate()

    /// The least time from one line about drops, or problems of the spool, to the next.
    private static let interval = Duration.seconds(10)

    init(logger: Logger, hasSpool: Bool) {
        self.logger = logger
        self.hasSpool = hasSpool
    }

    /// A collector welcomed the client. A line for each that says that there is no connection, and none for a loss that was
    /// not told.
    mutating func connected(_ welcome: Welcome) {
        let isNews = !hasConnected || !loggedReasons.isEmpty
        hasConnected = true
        loggedReasons = []
        logger.log(
            level: isNews ? .info : .debug, "connected",
            metadata: [
                "collector": "\(welcome.agent.plainLine)", "stored": "\(welcome.storedSequence)",
                "compression": "\(welcome.compression)",
            ])
    }

    /// A connection was lost, or not opened. Each reason once: what is wrong now may be another thing than what was wrong
    /// first. A collector that welcomes and loses us all the time is told of now and then.
    mutating func disconnected(_ reason: String) {
        guard loggedReasons.count < 8, !loggedReasons.contains(reason), reasonGate.pass(reason) != nil else {
            logger.debug("still not connected", metadata: ["reason": "\(reason)"])
            return
        }
        loggedReasons.insert(reason)
        logger.warning("not connected; spans wait and are sent later", metadata: ["reason": "\(reason)"])
    }

    /// The collector sent the client away for good.
    func refused(_ goAway: GoAway) {
        logger.error(
            hasSpool
                ? "the collector refuses this sender for good; its spans stay in the spool for the next start"
                : "the collector refuses this sender for good; its spans are dropped",
            metadata: ["code": "\(goAway.code)", "message": "\(goAway.message.plainLine)"])
    }

    /// The collector refused spans that it acknowledged, or repaired some.
    mutating func rejected(_ spans: Int, _ message: String) {
        unloggedRejections += spans
        guard partialGate.pass() != nil else { return }
        logger.warning(
            "the collector says",
            metadata: ["rejected": "\(unloggedRejections)", "message": "\(message.plainLine)"])
        unloggedRejections = 0
    }

    /// Spans were given up.
    mutating func dropped(_ reason: DropReason, _ spans: UInt64, now: SessionInstant) {
        unloggedDrops[reason, default: 0] += spans
        if now.elapsed(since: lastDrops) >= Self.interval { logDrops(now: now) }
    }

    /// Tells of what was given up and not told yet.
    mutating func logDrops(now: SessionInstant) {
        guard !unloggedDrops.isEmpty else { return }
        lastDrops = now
        let reasons = unloggedDrops.sorted { $0.key.rawValue < $1.key.rawValue }
        logger.warning(
            "spans dropped",
            metadata: [
                "spans": "\(reasons.reduce(0) { $0 + $1.value })",
                "reasons": "\(reasons.map { "\($0.key) \($0.value)" }.joined(separator: ", "))",
            ])
        unloggedDrops = [:]
    }

    /// The spool failed, works again, or has a problem.
    ///
    /// - Returns: how many failures are to be counted.
    mutating func spool(_ news: SpoolNews, now: SessionInstant) -> Int {
        var failures = 0
        if let failure = news.failure {
            if news.isFirstFailure { failures += 1 }
            if spoolFailureLog.failed() {
                logger.error(
                    "the spool cannot be written; spans are kept in memory until it can",
                    metadata: ["reason": "\(failure)"])
            }
        }
        if let spans = news.recoveredAfterSpans, spoolFailureLog.recovered() {
            logger.notice("the spool is written again", metadata: ["spansInMemory": "\(spans)"])
        }
        guard let problem = news.problem else { return failures }
        failures += 1
        if let lastProblem, now.elapsed(since: lastProblem) < Self.interval { return failures }
        lastProblem = now
        logger.error("the spool has a problem; it is tried again", metadata: ["reason": "\(problem)"])
        return failures
    }
}
