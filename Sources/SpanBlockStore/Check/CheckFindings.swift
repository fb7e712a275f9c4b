/// What a check has found in a store.
package struct CheckFindings: Sendable {
    /// What is wrong, a sentence each: the first of them; empty for a sound store.
    package private(set) var faults: [String] = []
    /// Runs that were looked at.
    package internal(set) var runs = 0
    /// Blocks that were looked at.
    package internal(set) var blocks = 0
    /// Reports that were read.
    package internal(set) var reports = 0

    /// How many faults are told.
    package static let maxFaults = 100

    mutating func note(_ fault: String) {
        if faults.count < Self.maxFaults { faults.append(fault) }
    }
}
