import SpanModel
import SpanSession
import SpanSpool

/// The outcome of a driver's visit to the shared state: what the driver has to do before it comes again.
enum ClientVisit: Sendable {
    /// Tell the session of the drops, hand it the batch if there is one, and come again at once.
    case deliver([DropCount], EncodedBatch?)
    /// Everything is in the session's hands: tell it of the drops, say goodbye, and come again at once.
    case sayGoodbye([DropCount])
    /// There is nothing to hand over: see to the spool, and come again when it is time or when somebody wakes the
    /// driver.
    case rest(Rest)

    /// The driver's word on itself, with a visit.
    struct Errand: Sendable {
        /// The session takes batches.
        var wantsBatch: Bool
        /// A batch is being read from the spool. When that is done, the driver comes by itself.
        var isReading: Bool
        var phase: ClientPhase
        /// Payloads that nobody needs any more.
        var spares: [[UInt8]] = []
    }

    /// The work beside the session.
    struct Rest: Sendable {
        /// The batch that is to be read from the spool, for the session.
        var read: SpoolRead?
        var news = SpoolNews()
        /// The files that are to be forced to the disk.
        var sync: SpoolSyncJob?
        /// The records that are to be written in the spool's ledger.
        var journal: SpoolJournal?
        var levels = ClientMetrics.Levels()
        /// The moment at which the driver has to come again; `nil` for not at all.
        var due: SessionInstant?
    }
}

/// The phase of a client's driver, in this order.
enum ClientPhase: Sendable {
    /// Batches are delivered as they come.
    case delivering
    /// No more spans come; what is left is handed over.
    case finishing
    /// The session has everything, and was told that nothing follows.
    case saidGoodbye
    /// The session has ended.
    case over
}

/// The news of the spool that a driver has to log.
struct SpoolNews: Sendable {
    /// The spool could not be appended to; told with every attempt, of which there is one a second.
    var failure: SpoolError?
    /// The attempts before that one had succeeded.
    var isFirstFailure = false
    /// The spool can be appended to again; so many spans went to the queue meanwhile.
    var recoveredAfterSpans: Int?
    /// Another thing went wrong, and is tried again.
    var problem: SpoolError?
}
