import SpanBlocks

extension RunPlan {
    /// Encodes the runs of the plan.
    ///
    /// - Parameters:
    ///   - make: see `RunBuilder.build`.
    ///   - level: of a run with such a part.
    package func encoded(
        _ set: borrowing ReportSet, _ builder: inout RunBuilder, _ limits: RunLimits, withColumns: Bool,
        make: (([RunSlice]) -> [MadeSlice])? = nil, level: (Part) -> RunLevel
    ) -> [NewRun] {
        var runs: [NewRun] = []
        for part in parts {
            let encoded = builder.build(
                part.groups, order: part.order, in: set, countsServices: part.kind == .settled,
                withColumns: withColumns && part.kind != .loose, make)
            let isLarge = limits.isFinished(reports: encoded.summary.reports, rawBytes: encoded.rawBytes)
            let isFinished = isLarge && (part.kind == .settled || level(part) > .appended)
            runs.append(
                NewRun(
                    encoded, partition: part.partition, kind: part.kind, level: isFinished ? .finished : level(part),
                    starts: part.starts ?? 0...UInt64.max))
        }
        return runs
    }
}
