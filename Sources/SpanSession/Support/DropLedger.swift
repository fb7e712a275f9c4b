import SpanModel

/// Counts of given-up spans by reason, in the order in which the reasons first came.
package struct DropLedger: Sendable, Hashable {
    /// In the order in which the reasons first came.
    package private(set) var counts: [DropCount] = []

    package init() {}

    /// Whether nothing is counted.
    package var isEmpty: Bool { counts.isEmpty }

    /// How many different reasons are told apart; more are counted under the last.
    private static let maxReasons = 16

    /// Counts spans under a reason.
    package mutating func add(_ reason: String, _ spans: UInt64) {
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

    /// Counts all of them.
    package mutating func add(_ more: [DropCount]) {
        for count in more { add(count.reason, count.spans) }
    }

    var first: DropCount? { counts.first }

    /// To be called when there is one.
    mutating func removeFirst() { counts.removeFirst() }

    /// Takes counts out again, as far as they are there.
    package mutating func subtract(_ told: [DropCount]) {
        for count in told {
            guard let index = counts.firstIndex(where: { $0.reason.utf8.elementsEqual(count.reason.utf8) }) else {
                continue
            }
            counts[index].spans -= min(counts[index].spans, count.spans)
            if counts[index].spans == 0 { counts.remove(at: index) }
        }
    }

    /// Takes all of them out.
    package mutating func take() -> [DropCount] {
        defer { counts = [] }
        return counts
    }
}
