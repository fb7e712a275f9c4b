import SpanMerge
import SpanModel

// What every engine answers unless it knows a faster way to the same answer: one scan each.
extension SpanStore {
    public func operations(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<OperationSummary> {
        try await scannedOperations(scan)
    }

    /// Answers `operations` from whole spans with one scan.
    package func scannedOperations(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<OperationSummary> {
        let tally = try await self.scan(scan, into: GroupTally<SpanOperation, OperationSummary>()) { tally, spans in
            for merged in spans {
                let operation = SpanOperation(merged)
                tally.update(operation, fresh: OperationSummary(operation)) { $0.add(merged) }
            }
            return true
        }
        return tally.groups({ $1 }) { $0.operation < $1.operation }
    }

    public func attributeKeys(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<AttributeKeySummary> {
        let tally = try await self.scan(scan, into: GroupTally<AttributeKey, UInt64>()) { tally, spans in
            for merged in spans {
                for attribute in merged.span.attributes {
                    tally.update(AttributeKey(.span, ExactText(attribute.key)), fresh: 0) { $0 += 1 }
                }
                for attribute in merged.origin.resource?.attributes ?? [] {
                    tally.update(AttributeKey(.resource, ExactText(attribute.key)), fresh: 0) { $0 += 1 }
                }
            }
            return true
        }
        return tally.groups(AttributeKeySummary.init(_:spans:)) { $0.key < $1.key }
    }

    public func attributeValues(
        of key: AttributeKey, _ scan: SpanScan
    ) async throws(SpanStoreError) -> SpanGroups<AttributeValueSummary> {
        let empty = GroupTally<[UInt8], AttributeValueSummary>()
        let tally = try await self.scan(scan, into: empty) { tally, spans in
            for merged in spans {
                guard let value = key.value(in: merged) else { continue }
                tally.update(value.canonicalBytes, fresh: AttributeValueSummary(value, spans: 0)) { $0.spans += 1 }
            }
            return true
        }
        return tally.groups({ $1 }, by: AttributeValueSummary.precedes)
    }

    public func dependencies(_ scan: SpanScan) async throws(SpanStoreError) -> DependencyGraph {
        try await scannedDependencies(scan)
    }

    /// Answers `dependencies` from whole spans with one scan; an engine falls back on it when its columns do not
    /// suffice.
    package func scannedDependencies(_ scan: SpanScan) async throws(SpanStoreError) -> DependencyGraph {
        let scan = scan.metered
        let tally = try await self.scan(scan.surroundings, into: DependencyTally()) { tally, spans in
            tally.add(spans.map { CallSpan($0, isMeant: scan.matches($0)) })
            return true
        }
        try scan.filter.checkPatternWork()
        return tally.graph
    }

    public func latency(_ query: LatencyQuery) async throws(SpanStoreError) -> SpanGroups<LatencySeries> {
        try await scannedLatency(query)
    }

    /// Answers `latency` from whole spans with one scan; an engine falls back on it when its columns do not suffice.
    package func scannedLatency(_ query: LatencyQuery) async throws(SpanStoreError) -> SpanGroups<LatencySeries> {
        try await scan(query.scan, into: LatencyTally(step: query.stepNano)) { tally, spans in
            for merged in spans { tally.add(merged) }
            return true
        }.series
    }

    public func errors(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<ErrorGroup> {
        var failed = scan
        failed.filter = .all([scan.filter, .present(.error)])
        let tally = try await self.scan(failed, into: GroupTally<ErrorGroup.Key, ErrorGroup>()) { tally, spans in
            for merged in spans {
                let group = ErrorGroup(merged)
                tally.update(group.key, fresh: group) { $0.add(merged) }
            }
            return true
        }
        return tally.groups({ $1 }, by: ErrorGroup.precedes)
    }

    public func slow(_ query: SlowQuery) async throws(SpanStoreError) -> SlowSpans {
        var query = query
        query.scan = query.scan.metered
        let tally = try await scan(query.scan.surroundings, into: SlowTally(query)) { tally, spans in
            tally.add(spans)
            return true
        }
        try query.scan.filter.checkPatternWork()
        return tally.result
    }

    public func unfinished(
        _ scan: SpanScan, limit: Int, nowUnixNano: UInt64
    ) async throws(SpanStoreError) -> UnfinishedSpans {
        var open = scan
        open.filter = .all([scan.filter, .present(.running)])
        let held = min(max(limit, SpanQuery.limitRange.lowerBound), SpanQuery.limitRange.upperBound)
        let tally = UnfinishedTally(SourceOutlooks(try await senders(nowUnixNano: nowUnixNano)), limit: held)
        return try await self.scan(open, into: tally) { tally, spans in
            for merged in spans { tally.add(merged) }
            return true
        }.answer
    }
}
