import SpanModel
import SpanSession

/// What became of the spans that a client was given, since it was made.
///
/// `reported == stored + rejected + dropped + pending` at every moment.
public struct DeliveryReport: Sendable, Hashable {
    /// Spans handed to the client.
    public var reported: UInt64 = 0
    /// Spans the collector acknowledged as durably stored.
    public var stored: UInt64 = 0
    /// Spans the collector refused one by one, such as for an invalid id.
    public var rejected: UInt64 = 0
    /// Why, in the collector's words: of the first that was refused. Empty when none was.
    public var rejectionReason = ""
    /// Spans given up, by reason.
    public var dropped: [DropReason: UInt64] = [:]
    /// Spans that wait, or are sent and not acknowledged.
    public var pending: UInt64 = 0

    public init() {}

    /// Nothing waits: everything reported is stored, rejected or dropped.
    public var isSettled: Bool { pending == 0 }

    /// All spans given up.
    public var droppedTotal: UInt64 { dropped.values.reduce(0, +) }
}

extension DeliveryReport: CustomStringConvertible {
    /// `reported 10, stored 8, rejected 1, dropped 1 (queue_full 1), pending 0`
    public var description: String {
        var text = "reported \(reported), stored \(stored), rejected \(rejected), dropped \(droppedTotal)"
        if !dropped.isEmpty {
            let reasons = dropped.map { "\($0.key) \($0.value)" }.sorted()
            text += " (" + reasons.joined(separator: ", ") + ")"
        }
        return text + ", pending \(pending)"
    }
}
