import SpanModel

/// Counts of given-up spans by reason, in the order in which the reasons first came.
struct DropLedger: Sendable, Hashable {
    private(set) var counts: [DropCount] = []

    var isEmpty: Bool { counts.isEmpty }

    /// How many different reasons are told apart; more are counted under the last.
    private static let maxReasons = 16

    mutating func add(_ reason: String, _ spans: UInt64) {
        guard spans > 0 else { return }
        var index = counts.firstIndex { $0.reason.utf8.elementsEqual(reason.utf8) }
        if index == nil, counts.count == DropLedger.maxReasons { index = counts.count - 1 }
        guard let index else {
            counts.append(DropCount(reason: reason.bounded(toUTF8Bytes: 64), spans: spans))
            return
        }
        let sum = counts[index].spans.addingReportingOverflow(spans)
        counts[index].spans = sum.overflow ? .max : sum.partialValue
    }

    mutating func add(_ more: [DropCount]) {
        for count in more { add(count.reason, count.spans) }
    }

    var first: DropCount? { counts.first }

    /// To be called when there is one.
    mutating func removeFirst() { counts.removeFirst() }

    mutating func take() -> [DropCount] {
        defer { counts = [] }
        return counts
    }
}
