/// Limits of what is merged at once, and so of how large runs get, about.
package struct RunLimits: Sendable {
    /// The most reports.
    package var maxReports: Int
    /// The most bytes, before compression.
    package var maxRawBytes: Int

    /// The most runs of a level and kind that there may be in a partition before they are merged.
    package static let fanIn = 16

    /// Makes limits.
    package init(maxReports: Int = 1 << 16, maxRawBytes: Int = 32 << 20) {
        self.maxReports = maxReports
        self.maxRawBytes = maxRawBytes
    }

    /// Returns `true` for a run that is as large as runs get.
    package func isFinished(reports: Int, rawBytes: Int) -> Bool {
        reports >= maxReports / 2 || rawBytes >= maxRawBytes / 2
    }
}
