/// Reports that came lately, by hashes: tells a copy from a new report, and a further report of a known span from the
/// first one.
///
/// Two generations of reports, 16 bytes for each and room to find them: when one is full, the one before it is forgotten.
struct KnownReports {
    /// Knowledge of a report.
    enum Verdict {
        /// No report of the span came lately.
        case new
        /// Other reports of the span came lately.
        case further
        /// A copy of the report came lately.
        case copy
    }

    private struct Generation {
        /// A hash of the key and one of the report by slot; a key of 0 is none.
        private var slots = [(key: UInt64, content: UInt64)](repeating: (0, 0), count: 1 << 10)
        private(set) var count = 0

        mutating func insert(_ key: UInt64, _ content: UInt64) {
            if count * 4 >= slots.count * 3 {
                let old = slots
                slots = [(key: UInt64, content: UInt64)](repeating: (0, 0), count: old.count * 2)
                for slot in old where slot.key != 0 { place(slot.key, slot.content) }
            }
            place(key, content)
            count += 1
        }

        private mutating func place(_ key: UInt64, _ content: UInt64) {
            let mask = slots.count - 1
            var slot = Int(truncatingIfNeeded: key) & mask
            while slots[slot].key != 0 { slot = (slot + 1) & mask }
            slots[slot] = (key, content)
        }

        /// Returns `true` where the first slot of a key is taken; the key has no report where it is not.
        func isTaken(_ key: UInt64) -> Bool { slots[Int(truncatingIfNeeded: key) & (slots.count - 1)].key != 0 }

        func verdict(_ key: UInt64, _ content: UInt64) -> Verdict {
            let mask = slots.count - 1
            var slot = Int(truncatingIfNeeded: key) & mask
            var verdict = Verdict.new
            while slots[slot].key != 0 {
                if slots[slot].key == key {
                    if slots[slot].content == content { return .copy }
                    verdict = .further
                }
                slot = (slot + 1) & mask
            }
            return verdict
        }
    }

    private var current = Generation()
    private var previous = Generation()

    /// The most reports of a generation: three quarters of a power of two, so that its memory is filled.
    private let limit: Int

    /// Makes a memory that knows no report.
    ///
    /// - Parameter limit: of reports, rounded down.
    init(limit: Int) {
        var slots = 1 << 10
        while slots * 2 * 3 / 4 * 2 <= limit { slots *= 2 }
        self.limit = slots * 3 / 4
    }

    /// Returns the knowledge of each report.
    func verdicts(_ reports: [HashedReport]) -> [Verdict] {
        var verdicts = [Verdict](repeating: .new, count: reports.count)
        var isTaken = [Bool](repeating: false, count: Self.lookedUpAtOnce)
        var start = 0
        while start < reports.count {
            let end = min(start + Self.lookedUpAtOnce, reports.count)
            // The first slots of some: looks that do not wait for each other wait for memory at once. Those behind them are
            // in the cache then.
            for index in start..<end {
                let key = reports[index].key | 1
                let (isNow, wasBefore) = (current.isTaken(key), previous.isTaken(key))
                isTaken[index - start] = isNow || wasBefore
            }
            for index in start..<end where isTaken[index - start] {
                verdicts[index] = verdict(reports[index].key | 1, reports[index].content)
            }
            start = end
        }
        return verdicts
    }

    private static let lookedUpAtOnce = 64

    private func verdict(_ key: UInt64, _ content: UInt64) -> Verdict {
        let verdict = current.verdict(key, content)
        if case .copy = verdict { return verdict }
        let earlier = previous.verdict(key, content)
        if case .new = earlier { return verdict }
        return earlier
    }

    /// Takes a report in that is stored.
    ///
    /// - Parameters:
    ///   - key: a hash of the span's key.
    ///   - content: a hash of the report.
    mutating func insert(key: UInt64, content: UInt64) {
        if current.count >= limit {
            previous = current
            current = Generation()
        }
        current.insert(key | 1, content)
    }
}
