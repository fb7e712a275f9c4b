/// How much is merged at once, and so about how large runs get.
package struct RunLimits: Sendable {
    /// The most reports.
    package var maxReports: Int
    /// The most bytes, before compression.
    package var maxRawBytes: Int

    /// How many runs of a level and kind there may be in a partition before they are merged.
    package static let fanIn = 16

    /// Makes limits.
    package init(maxReports: Int = 1 << 16, maxRawBytes: Int = 32 << 20) {
        self.maxReports = maxReports
        self.maxRawBytes = maxRawBytes
    }

    /// Whether a run is as large as runs get.
    package func isFinished(reports: Int, rawBytes: Int) -> Bool {
        reports >= maxReports / 2 || rawBytes >= maxRawBytes / 2
    }
}
