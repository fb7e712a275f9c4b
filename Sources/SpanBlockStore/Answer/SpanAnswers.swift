import SpanMerge
import SpanModel
import SpanStorage

/// Answers questions about spans, each of one view of the store.
package struct SpanAnswers {
    private let reader: BlockReader

    /// Makes answers from what a reader finds.
    package init(_ reader: BlockReader) { self.reader = reader }

    private func inOneView<Result>(
        _ body: (StoreView) throws(SpanStoreError) -> Result
    ) throws(SpanStoreError) -> Result {
        try reader.inOneView { () throws(SpanStoreError) in try body(try StoreView(reader)) }
    }

    /// A trace's spans by key.
    package func trace(_ id: TraceID) throws(SpanStoreError) -> [MergedSpan] {
        try inOneView { view throws(SpanStoreError) in try view.trace(id) }
    }

    /// The spans that match, in the query's order.
    package func search(_ query: SpanQuery) throws(SpanStoreError) -> [MergedSpan] {
        let query = query.metered
        return try inOneView { view throws(SpanStoreError) in
            var search = RankedSearch(query, view)
            let found = try search.run()
            try query.filter.checkPatternWork()
            return found
        }
    }

    /// Calls `body` with the spans that a scan means, those of one trace together; see `SpanStore.scan`.
    package func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) throws(SpanStoreError) -> Result {
        let scan = scan.metered
        return try inOneView { view throws(SpanStoreError) in
            var walk = try TraceWalk(scan, view)
            var result = result
            try walk.run { body(&result, $0) }
            try scan.filter.checkPatternWork()
            return result
        }
    }

    /// The services that spans came from, by name.
    package func services() throws(SpanStoreError) -> [ServiceSummary] {
        try inOneView { view throws(SpanStoreError) in try view.services() }
    }

    /// Calls `body` with each span whose start lies in the range, in no order.
    package func forEachSpan(
        startingIn starts: ClosedRange<UInt64>, _ body: (MergedSpan) throws(SpanStoreError) -> Void
    ) throws(SpanStoreError) {
        try inOneView { view throws(SpanStoreError) in try view.forEachSpan(startingIn: starts, body) }
    }

    /// The dependency graph; `nil` where columns do not tell it: the spans have to be read then.
    package func dependencies(_ scan: SpanScan) throws(SpanStoreError) -> DependencyGraph? {
        let scan = scan.metered
        return try inOneView { view throws(SpanStoreError) in
            let graph = try CallGraphBuilder(scan, view).graph()
            try scan.filter.checkPatternWork()
            return graph
        }
    }

    /// The operations; `nil` where columns do not tell them: the spans have to be read then.
    package func operations(_ scan: SpanScan) throws(SpanStoreError) -> SpanGroups<OperationSummary>? {
        let scan = scan.metered
        return try inOneView { view throws(SpanStoreError) in
            let operations = try OperationCounter(scan, view).operations()
            try scan.filter.checkPatternWork()
            return operations
        }
    }

    /// Durations by operation in steps of time; `nil` where columns do not tell them: the spans have to be read then.
    package func latency(_ query: LatencyQuery) throws(SpanStoreError) -> SpanGroups<LatencySeries>? {
        let scan = query.scan.metered
        return try inOneView { view throws(SpanStoreError) in
            let series = try OperationCounter(scan, view).latency(stepNano: query.stepNano)
            try scan.filter.checkPatternWork()
            return series
        }
    }
}
