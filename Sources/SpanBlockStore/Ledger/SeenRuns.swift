/// The runs that there were when a merge began: what it drops and what it calls whole counts on the others, too.
package struct SeenRuns: Sendable {
    /// The number of runs.
    package let count: Int
    /// The id of the last one; 0 where there was none.
    package let lastID: Int64

    /// Notes the runs of a view.
    ///
    /// - Parameter runs: all there are, by id.
    init(_ runs: [StoredRun]) {
        count = runs.count
        lastID = runs.last?.id ?? 0
    }
}
