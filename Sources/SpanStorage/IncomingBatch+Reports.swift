import SpanMerge
import SpanModel

extension IncomingBatch {
    /// Calls `body` with the key and the state of each report whose ids are ids, in their order.
    ///
    /// - Parameter deleted: traces whose reports are left out.
    /// - Returns: how many reports were stored and how many left out.
    package func forEachState<Failure: Error>(
        leavingOut deleted: Set<TraceID> = [], _ body: (SpanKey, SpanState) throws(Failure) -> Void
    ) throws(Failure) -> AppendResult {
        var result = AppendResult()
        for resource in reports.resourceSpans {
            for scope in resource.scopeSpans {
                let origin = SharedOrigin(SpanOrigin(resource, scope))
                for span in scope.spans {
                    let key = SpanKey(span)
                    if !deleted.isEmpty, deleted.contains(key.traceID) {
                        result.deletedReports += 1
                    } else if key.isValid {
                        try body(key, SpanState(span, origin: origin))
                        result.storedReports += 1
                    } else {
                        result.rejectedReports += 1
                    }
                }
            }
        }
        return result
    }
}

extension IncomingBatch {
    /// Whose spans run, as far as their ids are ids; for `SenderSummary.takeRunning`.
    package var runningSources: [SpanSource] {
        reports.resourceSpans.compactMap { resource in
            let isRunning = resource.scopeSpans.contains { scope in
                scope.spans.contains { !$0.isEnded && SpanKey($0).isValid }
            }
            return isRunning ? SpanSource(resource.resource) : nil
        }
    }
}

extension AppendResult {
    package static func += (left: inout AppendResult, right: AppendResult) {
        left.storedReports += right.storedReports
        left.rejectedReports += right.rejectedReports
        left.skippedBatches += right.skippedBatches
        left.deletedReports += right.deletedReports
    }
}
