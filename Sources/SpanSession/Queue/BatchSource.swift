/// The place that batches of a client come from, and that numbers them: each place counts ordinals by itself.
public enum BatchSource: Sendable, Hashable {
    /// The queue in memory, or a caller that numbers batches itself.
    case queue
    /// The spool on disk.
    case spool
}
