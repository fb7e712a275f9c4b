import FuzzProperties
import SessionSimulation

extension Result {
    /// How far it is, in one line.
    func line(_ subject: Options.Subject, after time: Duration) -> String {
        let seconds = "\(time.components.seconds) s, peak memory \(peakMemory()) MiB"
        guard subject == .worlds else {
            return "\(seeds) conversations, \(census.actions) actions, \(census.batches) batches taken, "
                + "\(census.settledSpans) spans settled, \(census.faults.values.reduce(0, +)) faults of peers, at most "
                + "\(census.peakHeldBytes) bytes held; \(seconds)"
        }
        let faults = Happening.faults.reduce(0) { $0 + tally[$1] }
        return "\(seeds) seeds, \(steps) steps, \(tally[.connections]) connections, \(tally[.batchesStored]) batches, "
            + "\(tally[.spansStored]) spans stored, \(tally[.spansDropped]) dropped, \(faults) faults; \(seconds)"
    }
}

extension Tally {
    /// How often each thing happened, a few in a line.
    var lines: String {
        rows(of: Happening.allCases.map { "\($0) \(self[$0])" })
    }
}

extension SessionProperties.Census {
    /// How often each fault was found.
    var lines: String { rows(of: faults.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }) }
}

private func rows(of words: [String]) -> String {
    let rows = stride(from: 0, to: words.count, by: 4).map {
        "  " + words[$0..<min($0 + 4, words.count)].joined(separator: ", ")
    }
    return rows.joined(separator: ",\n")
}
