import SpanMerge
import SpanModel

extension IncomingBatch {
    /// Calls `body` with the key and the state of each report that has a valid trace id and span id, in the order of
    /// the batch.
    ///
    /// - Parameter deleted: traces whose reports are left out.
    /// - Returns: counts of reports that were stored, rejected for an invalid id, and left out for a deleted trace.
    /// - Throws: the error that `body` throws.
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
    /// Sources of running spans with valid ids, in the order of the batch; for `SenderSummary.takeRunning`.
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
    /// Adds the counts of `right` to those of `left`.
    package static func += (left: inout AppendResult, right: AppendResult) {
        left.storedReports += right.storedReports
        left.rejectedReports += right.rejectedReports
        left.skippedBatches += right.skippedBatches
        left.deletedReports += right.deletedReports
    }
}
