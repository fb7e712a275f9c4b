import SpanModel

/// What became of the spans that a sender was given, since it was made: what `flush` and `shutdown` tell.
public struct DeliveryReport: Sendable, Hashable {
    /// Acknowledged by the collector, hence durable.
    public var storedSpans = 0
    /// Refused by the collector one by one, such as for an invalid id.
    public var rejectedSpans = 0
    /// Why, in the collector's words: of the first that was refused. Empty when none was.
    public var rejectionReason = ""
    /// Given up here, by reason.
    public var dropped: [DropCount] = []
    /// Not known yet: waiting, or sent and not acknowledged.
    public var pendingSpans = 0

    public init() {}

    /// All that was given up here.
    public var droppedSpans: Int { dropped.reduce(0) { $0 + Int(clamping: $1.spans) } }

    /// All that was reported.
    public var reportedSpans: Int { storedSpans + rejectedSpans + droppedSpans + pendingSpans }
}

extension DeliveryReport: CustomStringConvertible {
    /// `reported 10, stored 8, rejected 1, dropped 1 (queue_full 1), pending 0`
    public var description: String {
        var text =
            "reported \(reportedSpans), stored \(storedSpans), rejected \(rejectedSpans), dropped \(droppedSpans)"
        if !dropped.isEmpty {
            text += " (" + dropped.map { "\($0.reason) \($0.spans)" }.joined(separator: ", ") + ")"
        }
        return text + ", pending \(pendingSpans)"
    }
}
