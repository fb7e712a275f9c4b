import ProtoWire
import SpanMerge
import SpanModel

/// Reports where they are in their payloads, found without decoding them to records.
package struct ReportSet: Sendable {
    /// `TracesData` each.
    package private(set) var payloads: [[UInt8]] = []
    package private(set) var origins: [BlockOrigin] = []
    /// In the order of the payloads; those whose ids are no ids are left out.
    package private(set) var entries: [ReportEntry] = []
    /// Of all entries' spans, one entry's behind the other's.
    package private(set) var terms: [UInt64] = []
    /// By term: the key of the attribute, as `SearchTerm.columnKey`; 0 for an element of an array.
    package private(set) var termKeys: [UInt32] = []

    private struct OriginBytes: Hashable {
        var resource: [UInt8]
        var scope: [UInt8]
    }

    private var originNumbers: [OriginBytes: Int32] = [:]

    /// How reports are read: deeper than any receiver lets them be.
    static let options = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))

    package init() {}

    /// The same origins, which so need not be made again, and no reports.
    package var withoutReports: ReportSet {
        var set = ReportSet()
        set.origins = origins
        set.originNumbers = originNumbers
        return set
    }

    /// What a payload has.
    package struct Added: Sendable {
        /// All reports, each taken for a span; their starts alone where not all were wanted.
        package fileprivate(set) var reports = BlockSummary()
        /// How many were left out because an id of theirs is none.
        package fileprivate(set) var rejected = 0
    }

    /// Leaves out some of the entries that were added last.
    ///
    /// - Returns: how many.
    package mutating func removeEntries(from start: Int, where isMeant: (ReportEntry) -> Bool) -> Int {
        let kept = entries[start...].filter { !isMeant($0) }
        let removed = entries.count - start - kept.count
        if removed > 0 { entries.replaceSubrange(start..., with: kept) }
        return removed
    }

    /// Adds the reports of an encoded `TracesData`.
    ///
    /// - Parameters:
    ///   - withTerms: whether terms are wanted.
    ///   - spans: those that are wanted, as `SpanColumns.hash` of their ids; `nil` for all.
    ///   - trace: the one that is wanted; `nil` for all.
    /// - Returns: what the payload has, whether wanted or not.
    /// - Throws: what bytes that are no such message are answered with.
    @discardableResult
    package mutating func add(
        _ payload: [UInt8], withTerms: Bool, only spans: [UInt32]? = nil, ofTrace trace: TraceID? = nil
    ) throws(WireError) -> Added {
        let number = Int32(payloads.count)
        payloads.append(payload)
        var added = Added()
        let isWhole = spans == nil && trace == nil
        let bytes = payload.rawSpan
        let batch = try SpanBatchView(bytes, options: Self.options)
        var groups = batch.resourceSpans
        while let group = try groups.next() {
            let resourceFields = MessageFields.removing(2, from: group.bytes)
            var scopes = group.scopeSpans
            while let scope = try scopes.next() {
                let scopeFields = MessageFields.removing(2, from: scope.bytes)
                var ownOrigin: Int32?
                var views = scope.spans
                while let span = try views.next() {
                    if isWhole { added.reports.add(report: span) } else { added.reports.add(startOf: span) }
                    if let trace, span.traceID != trace { continue }
                    if let spans, !spans.contains(SpanColumns.hash(span.spanID)) { continue }
                    let origin = if let ownOrigin { ownOrigin } else { try self.origin(resourceFields, scopeFields) }
                    ownOrigin = origin
                    guard span.traceID.isValid, span.spanID.isValid, let place = bytes.byteOffsets(of: span.bytes)
                    else {
                        added.rejected += 1
                        continue
                    }
                    let firstTerm = terms.count
                    if withTerms { try SearchTerm.append(span.attributes, to: &terms, keys: &termKeys) }
                    let name = span.name.utf8
                    let namePlace = bytes.byteOffsets(of: name) ?? 0..<0
                    entries.append(
                        ReportEntry(
                            key: SpanKey(traceID: span.traceID, spanID: span.spanID, side: SpanSide(span.kind)),
                            parentSpanID: span.parentSpanID,
                            startUnixNano: span.startTimeUnixNano, endUnixNano: span.endTimeUnixNano,
                            kind: span.kind, status: span.status?.code ?? .unset, payload: number,
                            offset: Int32(place.lowerBound), length: Int32(place.count), origin: origin,
                            firstTerm: Int32(firstTerm), termCount: Int32(terms.count - firstTerm),
                            nameTerm: SearchTerm.name(name), nameOffset: Int32(namePlace.lowerBound),
                            nameLength: Int32(namePlace.count)))
                }
            }
        }
        return added
    }

    /// Adds reports that were decoded.
    package mutating func add(
        _ reports: [(span: SpanRecord, origin: SharedOrigin)], withTerms: Bool
    ) throws(WireError) {
        for report in reports {
            var resource = ResourceSpans(
                resource: report.origin.origin.resource, schemaURL: report.origin.origin.resourceSchemaURL)
            resource.scopeSpans = [
                ScopeSpans(
                    scope: report.origin.origin.scope, spans: [report.span],
                    schemaURL: report.origin.origin.scopeSchemaURL)
            ]
            try add(SpanBatch(resourceSpans: [resource]).encoded(), withTerms: withTerms)
        }
    }

    private mutating func origin(_ resource: [UInt8], _ scope: [UInt8]) throws(WireError) -> Int32 {
        let bytes = OriginBytes(resource: resource, scope: scope)
        if let known = originNumbers[bytes] { return known }
        let number = Int32(origins.count)
        origins.append(try BlockOrigin(resourceFields: resource, scopeFields: scope))
        originNumbers[bytes] = number
        return number
    }

    /// How many bytes all payloads have.
    package var payloadBytes: Int { payloads.reduce(0) { $0 + $1.count } }

    /// Of a report's bytes and its origin's: equal for copies of one report.
    package func contentHash(_ entry: ReportEntry) -> UInt64 {
        let payload = payloads[Int(entry.payload)]
        let bytes = payload.rawSpan
        return StableHash.fastHash(bytes.extracting(entry.place), seed: origins[Int(entry.origin)].hash)
    }

    /// Whether two reports are the same bytes of one origin.
    package func areCopies(_ left: ReportEntry, _ right: ReportEntry) -> Bool {
        guard left.length == right.length, left.origin == right.origin else { return false }
        let (first, second) = (payloads[Int(left.payload)], payloads[Int(right.payload)])
        return first[left.place] == second[right.place]
    }

    /// The name of the span.
    package func name(_ entry: ReportEntry) -> String {
        let payload = payloads[Int(entry.payload)]
        let place = Int(entry.nameOffset)..<Int(entry.nameOffset) + Int(entry.nameLength)
        return String(decoding: payload[place], as: UTF8.self)
    }

    /// The report alone, as a state.
    package func state(_ entry: ReportEntry) throws(WireError) -> SpanState {
        let payload = payloads[Int(entry.payload)]
        let bytes = payload.rawSpan
        let record = try SpanRecord(decoding: bytes.extracting(entry.place), options: Self.options)
        return SpanState(record, origin: origins[Int(entry.origin)].shared)
    }
}
