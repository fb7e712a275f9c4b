import ProtoWire
import SpanMerge
import SpanModel
import SpanStorage

/// Makes columns of spans, block by block.
package struct SpanColumnsBuilder: ~Copyable {
    private var columns = SpanColumns()
    private var attributes: AttributeColumnsBuilder
    /// By service, name and kind.
    private var operations = TermMap()
    private var services: [ExactText: UInt64] = [:]
    private var servicesByOrigin: [Int32: UInt64] = [:]
    /// By the terms of the attributes that tell.
    private var peersByTerms: [UInt64: Int32] = [:]
    private var peers: [DependencyGraph.Node: Int32] = [:]
    private var peerTerms = PeerTerms()
    private var lastTrace: TraceID?

    private let wanted: SpanColumns.Wanted

    /// - Parameters:
    ///   - rows: how many there will be.
    ///   - wanted: where nothing of parents and peers, or of attributes, is wanted, that is not looked for.
    package init(
        rows: Int, _ wanted: SpanColumns.Wanted = SpanColumns.Wanted(calls: true, allAttributes: true)
    ) {
        attributes = AttributeColumnsBuilder(rows: rows)
        self.wanted = wanted
    }

    /// The spans that are added from here on are the next block's. Those of a trace come one behind the other.
    package mutating func beginBlock() {
        columns.blockTraces.append(0)
        lastTrace = nil
    }

    /// Adds a span with one report.
    package mutating func add(_ entry: ReportEntry, number: Int32, of set: borrowing ReportSet) throws(WireError) {
        let service: UInt64
        if let known = servicesByOrigin[entry.origin] {
            service = known
        } else {
            service = self.service(set.origins[Int(entry.origin)].service)
            servicesByOrigin[entry.origin] = service
        }
        let operation = operationNumber(service, entry.nameTerm, entry.kind)
        columns.operation.append(operation.number)
        if operation.isNew {
            columns.operations.append(
                SpanOperation(
                    service: ExactText(set.origins[Int(entry.origin)].service), name: ExactText(set.name(entry)),
                    kind: entry.kind))
        }
        columns.peer.append(wanted.calls ? try peer(entry, of: set) : -1)
        if wanted.hasAttributes { attributes.add(entry, number: number, of: set) }
        add(
            entry.key, parent: entry.parentSpanID, start: entry.startUnixNano, duration: entry.durationNano,
            status: entry.status, isRunning: entry.endUnixNano == 0)
    }

    /// Adds a span that was joined.
    package mutating func add(_ merged: MergedSpan) {
        let name = SearchTerm.name(Array(merged.span.name.utf8).rawSpan)
        let operation = operationNumber(service(merged.service), name, merged.span.kind)
        columns.operation.append(operation.number)
        if operation.isNew { columns.operations.append(SpanOperation(merged)) }
        let peer = CallSpan(merged, isMeant: true).peer
        columns.peer.append(peer.map { number(of: $0) } ?? -1)
        attributes.addUnknown()
        add(
            merged.key, parent: merged.span.parentSpanID, start: merged.span.startTimeUnixNano,
            duration: merged.durationNano, status: merged.statusCode, isRunning: merged.isRunning)
    }

    /// - Parameter set: of the entries that were added.
    package consuming func finish(_ set: borrowing ReportSet) throws(WireError) -> SpanColumns {
        if wanted.hasAttributes { columns.attributes = try attributes.finish(set) }
        return columns
    }

    private mutating func service(_ name: String) -> UInt64 {
        let text = ExactText(name)
        if let known = services[text] { return known }
        services[text] = UInt64(services.count + 1)
        return UInt64(services.count)
    }

    private mutating func operationNumber(
        _ service: UInt64, _ nameTerm: UInt64, _ kind: SpanKind
    ) -> (number: Int32, isNew: Bool) {
        let key = max(StableHash.mix(nameTerm, service << 32 | UInt64(UInt32(bitPattern: kind.rawValue))), 1)
        if let known = operations[key] { return (known, false) }
        let number = Int32(columns.operations.count)
        operations.insert(key, number)
        return (number, true)
    }

    private mutating func add(
        _ key: SpanKey, parent: SpanID, start: UInt64, duration: Int64?, status: SpanStatus.Code, isRunning: Bool
    ) {
        if lastTrace != key.traceID {
            lastTrace = key.traceID
            columns.blockTraces[columns.blockTraces.count - 1] += 1
            columns.traces.append(TraceHash(key).bits)
        }
        columns.trace.append(Int32(columns.traces.count - 1))
        columns.span.append(SpanColumns.hash(key.spanID))
        columns.parent.append(parent.isValid ? SpanColumns.hash(parent) : 0)
        columns.start.append(start)
        columns.duration.append(duration ?? 0)
        columns.flags.append(
            SpanColumns.Flags(
                status: status, isRunning: isRunning, hasDuration: duration != nil, hasParent: parent.isValid))
    }

    private mutating func number(of peer: DependencyGraph.Node) -> Int32 {
        if let known = peers[peer] { return known }
        let number = Int32(columns.peers.count)
        columns.peers.append(peer)
        peers[peer] = number
        return number
    }

    /// What the span's attributes tell of whom it called: looked up by their terms, read where those are new.
    private mutating func peer(_ entry: ReportEntry, of set: borrowing ReportSet) throws(WireError) -> Int32 {
        guard CallPeer.isTold(by: entry.kind), peerTerms.read(entry, of: set) else { return -1 }
        let terms = peerTerms
        guard let deciding = CallPeer.deciding(entry.kind, has: { terms.mayHave($0) }) else { return -1 }
        let hash = peerTerms.hash(deciding, entry.kind)
        if !peerTerms.isIrregular, let known = peersByTerms[hash] { return known }
        let span = try set.state(entry).merged().span
        let number = DependencyGraph.Node(peerOf: span).map { self.number(of: $0) } ?? -1
        let decided = CallPeer.deciding(entry.kind) { key in
            let value = span.attributes.value(CallPeer.keys[key])
            return CallPeer.isPort(key) ? value != nil : !(span.attributes.text(CallPeer.keys[key]) ?? "").isEmpty
        }
        // A number where a text should be counts for nothing, which its term does not tell.
        if decided == deciding, !peerTerms.isIrregular { peersByTerms[hash] = number }
        return number
    }
}

/// The terms of a span's attributes that tell whom it called.
struct PeerTerms {
    /// By `CallPeer.keys`; 0 for none.
    private var terms = [UInt64](repeating: 0, count: CallPeer.keys.count)
    /// One of them has a value that has no term.
    private(set) var isIrregular = false

    private static let keys = CallPeer.keys.map { SearchTerm.columnKey($0) }
    private static let emptyTexts = CallPeer.keys.map { SearchTerm.term(ofText: "", key: $0) }
    /// Which lower bits of keys are among theirs.
    private static let bits = keys.reduce(into: [UInt64](repeating: 0, count: 4)) { bits, key in
        bits[Int(key >> 6 & 3)] |= 1 << UInt64(key & 63)
    }

    /// - Returns: whether there is one.
    mutating func read(_ entry: ReportEntry, of set: borrowing ReportSet) -> Bool {
        var isAny = false
        for index in Int(entry.firstTerm)..<Int(entry.firstTerm + entry.termCount) {
            let key = set.termKeys[index]
            guard Self.bits[Int(key >> 6 & 3)] & 1 << UInt64(key & 63) != 0,
                let place = Self.keys.firstIndex(of: key)
            else { continue }
            if !isAny {
                for place in terms.indices { terms[place] = 0 }
                isIrregular = false
                isAny = true
            }
            // Of several the last counts.
            terms[place] = set.terms[index]
            if set.terms[index] == SearchTerm.none { isIrregular = true }
        }
        return isAny
    }

    func mayHave(_ key: Int) -> Bool { terms[key] != 0 && terms[key] != Self.emptyTexts[key] }

    func hash(_ deciding: CallPeer.Deciding, _ kind: SpanKind) -> UInt64 {
        let (first, second, third) = deciding.keys
        var hash = UInt64(UInt32(bitPattern: kind.rawValue))
        for key in [first, second, third] {
            hash = StableHash.mix(hash, key < 0 ? 0 : StableHash.mix(terms[key], UInt64(key + 1)))
        }
        return hash
    }
}
