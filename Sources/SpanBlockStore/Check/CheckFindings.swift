/// Findings of a check of a store.
package struct CheckFindings: Sendable {
    /// The first faults that were found, a sentence each; empty for a sound store.
    package private(set) var faults: [String] = []
    /// Runs that were looked at.
    package internal(set) var runs = 0
    /// Blocks that were looked at.
    package internal(set) var blocks = 0
    /// Reports that were read.
    package internal(set) var reports = 0

    /// The most faults that are told.
    package static let maxFaults = 100

    mutating func note(_ fault: String) {
        if faults.count < Self.maxFaults { faults.append(fault) }
    }
}
