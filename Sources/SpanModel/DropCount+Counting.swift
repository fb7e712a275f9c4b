import ProtoWire

extension DropCount {
    /// Greatest number of reasons that are kept apart, for one batch and for one sender. Later reasons are counted
    /// together under `otherReason`.
    package static let maxReasons = 32

    /// Reason under which drops are counted when there are more than `maxReasons`.
    package static let otherReason = "other"

    /// Greatest length of a reason in bytes of UTF-8; a longer one is cut between characters.
    package static let maxReasonBytes = 64
}

extension Array<DropCount> {
    /// Adds a number of spans to the count of a reason. Each reason stands once, in the order of first use; reasons
    /// beyond `DropCount.maxReasons` count under `DropCount.otherReason`. A count stays at 2^64 - 1 instead of
    /// overflowing.
    ///
    /// - Parameters:
    ///   - spans: number of spans; 0 adds nothing.
    ///   - reason: reason of any length, cut to `DropCount.maxReasonBytes`.
    package mutating func count(_ spans: UInt64, under reason: String) {
        guard spans > 0 else { return }
        let reason = reason.bounded(toUTF8Bytes: DropCount.maxReasonBytes)
        if let known = firstIndex(where: { $0.reason.hasSameBytes(as: reason) }) {
            let (sum, overflow) = self[known].spans.addingReportingOverflow(spans)
            self[known].spans = overflow ? .max : sum
        } else if reason == DropCount.otherReason || hasRoomForAReason {
            append(DropCount(reason: reason, spans: spans))
        } else {
            count(spans, under: DropCount.otherReason)
        }
    }

    private var hasRoomForAReason: Bool {
        count < DropCount.maxReasons
            || count == DropCount.maxReasons && contains { $0.reason == DropCount.otherReason }
    }
}
