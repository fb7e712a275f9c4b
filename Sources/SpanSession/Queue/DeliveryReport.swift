import SpanModel

/// The fate of all spans that a sender was given since it was made, as `flush` and `shutdown` tell it.
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

    /// Kept on disk when the client ended: the next client with the same spool sends them.
    public var spooledSpans = 0
    /// Not reported to this client, but found in its spool: each is in one of the other numbers.
    public var recoveredSpans = 0
    /// Spans that a spool sent without resource and scope, which could not be read any more.
    public var spansWithoutResource = 0
    /// Damaged places of a spool in which spans may have been lost, and nobody knows how many; what is known is in
    /// `dropped`.
    public var uncountedLosses = 0

    /// Makes a report of nothing.
    public init() {}

    /// All that was given up here.
    public var droppedSpans: Int { dropped.reduce(0) { $0 + Int(clamping: $1.spans) } }

    /// All that was reported.
    public var reportedSpans: Int {
        storedSpans + rejectedSpans + droppedSpans + pendingSpans + spooledSpans - recoveredSpans
    }
}

extension DeliveryReport: CustomStringConvertible {
    /// `reported 10, stored 8, rejected 1, dropped 1 (queue_full 1), pending 0`; with a spool also `, spooled 4` and
    /// `, of these from earlier 2`, `, without resource 3`, `, damaged places of unknown content 1`, where there are
    /// any.
    public var description: String {
        var text =
            "reported \(reportedSpans), stored \(storedSpans), rejected \(rejectedSpans), dropped \(droppedSpans)"
        if !dropped.isEmpty {
            text += " (" + dropped.map { "\($0.reason) \($0.spans)" }.joined(separator: ", ") + ")"
        }
        text += ", pending \(pendingSpans)"
        if spooledSpans > 0 { text += ", spooled \(spooledSpans)" }
        if recoveredSpans > 0 { text += ", of these from earlier \(recoveredSpans)" }
        if spansWithoutResource > 0 { text += ", without resource \(spansWithoutResource)" }
        if uncountedLosses > 0 { text += ", damaged places of unknown content \(uncountedLosses)" }
        return text
    }
}
