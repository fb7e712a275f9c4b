import SpanBlockStore

/// What is wrong with a store.
public struct StoreCheck: Sendable, Hashable {
    /// A sentence each, the first of them; empty for a sound store.
    public var faults: [String] = []
    /// Runs that were looked at.
    public var runs = 0
    /// Blocks that were looked at.
    public var blocks = 0
    /// Reports that were read.
    public var reports = 0

    /// How many faults are told.
    public static let maxFaults = CheckFindings.maxFaults
}

extension StoreCheck {
    init(_ findings: CheckFindings) {
        self.init(
            faults: findings.faults, runs: findings.runs, blocks: findings.blocks, reports: findings.reports)
    }
}
