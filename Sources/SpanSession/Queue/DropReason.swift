/// Why spans were given up: a short machine-readable word. Open.
public struct DropReason: RawRepresentable, Sendable, Hashable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The queue was full and its policy was to drop.
    public static let queueFull = DropReason(rawValue: "queue_full")
    /// The span alone is larger than a batch may be.
    public static let spanTooLarge = DropReason(rawValue: "span_too_large")
    /// The spool was full and its policy was to drop.
    public static let spoolFull = DropReason(rawValue: "spool_full")
    /// The spool's record of the span could not be read any more.
    public static let spoolDamaged = DropReason(rawValue: "spool_damaged")
    /// The sender shut down before the collector had acknowledged.
    public static let shutdown = DropReason(rawValue: "shutdown")
    /// The collector refuses this sender for good.
    public static let refused = DropReason(rawValue: "refused")
}

extension DropReason: CustomStringConvertible {
    public var description: String { rawValue }
}
