import ProtoWire

extension DropCount {
    /// How many reasons of drops are kept apart, of one batch and of one sender; those that come later are counted
    /// together under `otherReason`.
    package static let maxReasons = 32

    /// The reason under which drops are counted when there are more than `maxReasons`.
    package static let otherReason = "other"

    /// The most bytes of UTF-8 that a reason keeps; what is longer is cut between characters.
    package static let maxReasonBytes = 64
}

extension Array<DropCount> {
    /// Counts spans under a reason: each reason once, in the order in which they first came, `DropCount.maxReasons` of them
    /// apart and the others under `DropCount.otherReason`. A count stays at 2^64 - 1 rather than wrap.
    ///
    /// - Parameters:
    ///   - spans: how many; 0 counts nothing.
    ///   - reason: of any length; `DropCount.maxReasonBytes` of it count.
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
