import SpanSession

/// The whereabouts of a client's driver, as its callers see them.
enum DriverPlan: Sendable {
    /// There is no driver yet, or none any more.
    case absent
    /// The driver was woken or is at work: it comes and sees whatever is there by then.
    case coming
    /// The driver sleeps.
    case away(Pause)

    /// The batches that the session would take now.
    enum Appetite: Sendable {
        case nothing
        /// Batches of the queue: one of the spool is being read already.
        case queued
        /// Batches of the queue and of the spool.
        case anything
    }

    /// The occasions that a sleeping driver waits for.
    struct Pause: Sendable {
        var appetite: Appetite
        /// The moment at which it comes by itself for the sake of an open batch; `nil` for not at all.
        var batchDue: SessionInstant?
        /// Whether it comes by itself when it is time to sync.
        var isSyncArmed: Bool
    }
}
