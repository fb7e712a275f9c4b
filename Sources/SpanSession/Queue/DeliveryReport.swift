import SpanModel

/// What became of the spans that were offered: what `flush` and `shutdown` tell.
public struct DeliveryReport: Sendable, Hashable {
    /// Acknowledged by the collector, hence durable.
    public var storedSpans = 0
    /// Refused by the collector as unfit.
    public var rejectedSpans = 0
    /// Given up here, by reason.
    public var dropped: [DropCount] = []
    /// Not known yet: waiting, or sent and not acknowledged.
    public var pendingSpans = 0

    public init() {}

    /// All that was given up here.
    public var droppedSpans: Int { dropped.reduce(0) { $0 + Int(clamping: $1.spans) } }
}
