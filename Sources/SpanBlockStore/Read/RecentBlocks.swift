import SpanBlocks

/// Blocks that were read lately: what a block holds never changes, and no block ever has the id of another.
struct RecentBlocks {
    /// The origins of blocks that were read lately, without reports.
    private(set) var origins = ReportSet()
    private static let maxOrigins = 4096
    /// Blocks that were read last, some 300 KB each.
    private var kept: [(id: Int64, set: ReportSet)] = []
    private static let maxKept = 8

    /// The reports of a block, where it was read lately.
    func reports(ofBlock id: Int64) -> ReportSet? { kept.first { $0.id == id }?.set }

    /// Takes in the origins of a set that was made from `origins`.
    mutating func keepOrigins(of set: ReportSet) {
        if set.origins.count > Self.maxOrigins {
            origins = ReportSet()
        } else if set.origins.count > origins.origins.count {
            origins = set.withoutReports
        }
    }

    /// Keeps the reports of a block, in the place of those that were kept first.
    mutating func keep(_ set: ReportSet, ofBlock id: Int64) {
        if kept.count == Self.maxKept { kept.removeFirst() }
        kept.append((id, set))
    }
}
