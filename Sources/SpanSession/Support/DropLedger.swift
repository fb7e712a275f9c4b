import ProtoWire
import SpanModel

/// Counts of given-up spans by reason, in the order in which the reasons first came.
package struct DropLedger: Sendable, Hashable {
    /// The counts, in the order in which the reasons first came.
    package private(set) var counts: [DropCount] = []

    /// Makes a ledger without counts.
    package init() {}

    /// Whether nothing is counted.
    package var isEmpty: Bool { counts.isEmpty }

    /// Counts spans under a reason; of more than `DropCount.maxReasons` the later ones are counted together.
    package mutating func add(_ reason: String, _ spans: UInt64) { counts.count(spans, under: reason) }

    /// Counts all of them.
    package mutating func add(_ more: [DropCount]) {
        for count in more { add(count.reason, count.spans) }
    }

    var first: DropCount? { counts.first }

    /// Takes the first count out, which must be there.
    mutating func removeFirst() { counts.removeFirst() }

    /// Takes counts out again, as far as they are there.
    package mutating func subtract(_ told: [DropCount]) {
        for count in told {
            guard let index = counts.firstIndex(where: { $0.reason.hasSameBytes(as: count.reason) }) else {
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
